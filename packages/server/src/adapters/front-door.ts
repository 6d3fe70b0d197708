/**
 * Who may connect, before anything is allocated for them: pages of the right origin, not too many strangers of an address, not
 * more clients than the server can carry. Knows requests, not what is spoken afterwards.
 */
import type { IncomingMessage } from "node:http";
import type { Peer } from "../connection/transport.js";
import { isLoopback } from "../exposure.js";
import type { Refusals } from "../refusals.js";
import type { Timers } from "../timers.js";
import { AllowedOrigins } from "./allowed-origins.js";
import { isLoopbackHost } from "./host-name.js";
import type { RefusedRequest } from "./refused-request.js";
import { type Stranger, type StrangerLimits, Strangers } from "./strangers.js";
import { type Origination, TrustedProxies } from "./trusted-proxies.js";

export interface FrontDoorLimits extends StrangerLimits {
  /** WebSockets and sessions over HTTP. */
  readonly maxConnections: number;
}

export interface FrontDoorOptions {
  readonly allowedOrigins: readonly string[];
  readonly trustedProxies: readonly string[];
  /** The server listens for this machine only, and asks nobody who they are: whoever reaches it is let in. */
  readonly isForThisMachine: boolean;
  /** Somebody may ask for the headers that a client came with. */
  readonly keepsHeaders: boolean;
  readonly limits: FrontDoorLimits;
  readonly connectionCount: () => number;
  readonly refusals: Refusals;
  readonly timers: Pick<Timers, "now">;
}

export type Admission =
  | { readonly kind: "refused"; readonly refused: RefusedRequest }
  | {
      readonly kind: "admitted";
      readonly peer: Peer;
      /** To be called in the same turn, once the client is connected. */
      readonly enter: () => Stranger;
    };

/** Clients that are not counted: of this machine, and behind a proxy that does not say whose requests it passes on. */
const uncounted: Stranger = { leave: () => undefined };

const noHeaders: Peer["headers"] = Object.freeze({});

/** What each upgrade has, and says nothing of the client. They would be kept for as long as the socket is open. */
const uninteresting = new Set([
  ...["connection", "upgrade", "sec-websocket-key", "sec-websocket-version", "sec-websocket-extensions"],
  ...["accept", "accept-encoding", "cache-control", "pragma", "content-length", "content-type"],
]);

const capacityRetrySeconds = 10;

/** Of what a stranger sent, as much as a log needs. */
const loggedLength = 200;

export class FrontDoor {
  readonly #options: FrontDoorOptions;
  readonly #origins: AllowedOrigins;
  readonly #proxies: TrustedProxies;
  readonly #strangers: Strangers;

  constructor(options: FrontDoorOptions) {
    this.#options = options;
    this.#origins = new AllowedOrigins(options.allowedOrigins);
    this.#proxies = new TrustedProxies(options.trustedProxies);
    this.#strangers = new Strangers(options.limits, options.timers);
  }

  /** Why a request of a browser is not served: `undefined` when it is, and for programs, which have no origin. */
  refusalOfPage(request: IncomingMessage): RefusedRequest | undefined {
    return this.#refusalOfPage(request, this.#proxies.originationOf(request));
  }

  /** Whether a client may connect now. Takes one connection off what its address may make. */
  admit(request: IncomingMessage): Admission {
    const origination = this.#proxies.originationOf(request);
    const refused =
      refusalWithoutHost(request) ?? this.#refusalOfPage(request, origination) ?? this.#refusalOfNumber(origination);
    if (refused) return { kind: "refused", refused };
    const { address } = origination;
    // A proxy that does not say whose request it passes on is nobody.
    const peer = {
      address: origination.isProxy ? "" : address,
      headers: this.#options.keepsHeaders ? interestingOf(request.headers) : noHeaders,
    };
    const enter = () => (isCounted(origination) ? this.#strangers.enter(address) : uncounted);
    return { kind: "admitted", peer, enter };
  }

  /** Whether any number may connect from `address`: this machine, and proxies, behind which are many. */
  isUncounted(address: string): boolean {
    return isLoopback(address) || this.#proxies.has(address);
  }

  #refusalOfPage({ headers }: IncomingMessage, { address, host }: Origination): RefusedRequest | undefined {
    const why = this.#whyForeign(headers.origin, host);
    if (why === undefined) return undefined;
    const fields = { remoteAddress: address, origin: shortened(headers.origin), host: shortened(host) };
    this.#options.refusals.note("origin", why, fields);
    return { status: 403, words: why };
  }

  #whyForeign(origin: string | undefined, host: string): string | undefined {
    if (origin !== undefined && !this.#origins.allows(origin, host)) {
      return `pages of ${shortened(origin)} may not connect to this server: allow them with --allow-origin ${shortened(origin)} (option allowedOrigins)`;
    }
    if (!this.#options.isForThisMachine || isLoopbackHost(host) || this.#origins.listsHost(host)) return undefined;
    return `this server is for this machine only and not known as ${shortened(host) || "no host"}: use localhost, or say that the name is its own with --allow-origin http://${shortened(host)} (option allowedOrigins)`;
  }

  #refusalOfNumber(origination: Origination): RefusedRequest | undefined {
    const { limits, connectionCount } = this.#options;
    const { address } = origination;
    const waitSeconds = isCounted(origination) ? this.#strangers.ask(address) : 0;
    if (waitSeconds > 0) {
      const words = `too many connections of ${address} that have not opened a document yet, or in too short a time: come back later`;
      this.#options.refusals.note("address", words, { remoteAddress: address });
      return { status: 429, words, retryAfterSeconds: waitSeconds };
    }
    if (connectionCount() < limits.maxConnections) return undefined;
    const words = `the server has ${limits.maxConnections} connections, as many as it takes: come back later`;
    this.#options.refusals.note("capacity", words, { remoteAddress: address });
    return { status: 503, words, retryAfterSeconds: capacityRetrySeconds };
  }
}

/** Node asks for it in plain requests only (RFC 9112, 3.2). */
function refusalWithoutHost({ headers, httpVersion }: IncomingMessage): RefusedRequest | undefined {
  if (headers.host !== undefined || httpVersion === "1.0") return undefined;
  return { status: 400, words: "a request has to say which host it is for" };
}

function isCounted({ address, isProxy }: Origination): boolean {
  return address !== "" && !isProxy && !isLoopback(address);
}

function interestingOf(headers: IncomingMessage["headers"]): Peer["headers"] {
  return Object.freeze(Object.fromEntries(Object.entries(headers).filter(([name]) => !uninteresting.has(name))));
}

function shortened(text = ""): string {
  return text.length > loggedLength ? `${text.slice(0, loggedLength)}…` : text;
}
