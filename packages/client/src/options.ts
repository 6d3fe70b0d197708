/** What a client and a provider can be told, checked once. */
import { ackLevel, checkDocumentName, synclinePath, type AckLevel } from "@syncline/protocol";
import type { Awareness } from "y-protocols/awareness";
import type { CarrierCloseEvent } from "./carrier.js";
import type { Token } from "./connection.js";
import { SynclineError } from "./error.js";
import type { OpenLocalCopy } from "./local-copy.js";
import { findPageEventTarget, type PageEventTarget } from "./page-events.js";
import { systemTiming, type Timing } from "./timing.js";
import { requireWebSocket, type WebSocketConstructor } from "./web-socket-carrier.js";

/** Of a connection, whatever documents it carries. */
export interface ConnectionOptions {
  /**
   * Sent to the server in the first message, never in a URL. A function is called for each attempt to connect, and again
   * before the token runs out; when it throws, or does not answer in 30 s, the attempt is made again after a pause.
   *
   * @default ""
   */
  readonly token?: Token | undefined;
  /** Appended to the socket's URL as a query. A `token` in it travels as the option of this name does. @default {} */
  readonly params?: Params | undefined;
  /** WebSocket subprotocols to ask for. @default [] */
  readonly protocols?: readonly string[] | undefined;
  /** A WebSocket class for runtimes that have none, such as ws's in Node 20. @default globalThis.WebSocket */
  readonly WebSocketPolyfill?: WebSocketConstructor | undefined;
  /** The longest pause between two attempts, in milliseconds. @default 30_000 */
  readonly maxBackoffTime?: number | undefined;
  /** Whether to come back after a socket was closed like this. @default unless the code is 44xx */
  readonly shouldReconnect?: ((event: CarrierCloseEvent) => boolean) | undefined;
  /** Uses one socket together with the other tabs of this browser that do. @default false */
  readonly shareSocket?: boolean | undefined;
  /** Falls back to HTTP, by server-sent events or long polling, where no WebSocket can be had. @default true */
  readonly fallback?: boolean | undefined;
  /** Clock, timers and randomness, for tests. @default the runtime's */
  readonly timing?: Timing | undefined;
  /** Where `online`, `visibilitychange`, `pageshow` and `pagehide` are heard; null for nowhere. @default globalThis, if it has events */
  readonly pageEvents?: PageEventTarget | null | undefined;
}

/** Of one document. */
export interface OpenOptions {
  /** Whether to connect at once. @default true */
  readonly connect?: boolean | undefined;
  /** Presence to use. One that is passed in is left alive by `destroy()`. @default a new Awareness of the document */
  readonly awareness?: Awareness | undefined;
  /** Keeps a copy in this browser: `indexedDb()` of `@syncline/client/offline`. @default none */
  readonly offline?: OpenLocalCopy | undefined;
  /** Does not share edits and presence with other tabs of this browser directly. @default false */
  readonly disableBc?: boolean | undefined;
  /**
   * Whose tabs these are, for browsers in which several people use one origin. Tabs of different people share nothing.
   *
   * @default who the token is for, or the token itself
   */
  readonly bcChannel?: string | undefined;
}

export interface ProviderOptions<Provider = unknown> extends Omit<ConnectionOptions, "shouldReconnect">, OpenOptions {
  /** Whether to come back after a socket was closed like this. @default unless the code is 44xx */
  readonly shouldReconnect?: ((event: CarrierCloseEvent, provider: Provider) => boolean) | undefined;
  /**
   * `y-websocket` for servers that speak only that. They say neither what is on disk nor who may write: nothing is ever
   * `durable`, `received` is what they were seen to hold, and the token travels in the URL, for they look nowhere else.
   *
   * @default "syncline"
   */
  readonly protocol?: "syncline" | "y-websocket" | undefined;
  /**
   * How often a y-websocket server is asked for what was missed, in milliseconds; -1 for never. With the syncline protocol
   * nothing can be missed: every edit is acknowledged or sent again.
   *
   * @default -1
   */
  readonly resyncInterval?: number | undefined;
}

/** Of a URL. */
export type Params = Readonly<Record<string, string>>;

export interface CheckedOptions {
  /** The server's, as it was given. */
  readonly serverUrl: string;
  readonly protocol: "syncline" | "y-websocket";
  readonly shareSocket: boolean;
  readonly fallback: boolean;
  readonly resyncInterval: number;
  /** Without a token. May be replaced, as the token may: the next attempt uses them. */
  params: Params;
  token: Token;
  readonly protocols: readonly string[];
  readonly WebSocketPolyfill: WebSocketConstructor | undefined;
  readonly maxBackoffTime: number;
  readonly shouldReconnect: ((event: CarrierCloseEvent) => boolean) | undefined;
  /** The ack after which an edit counts as saved. */
  readonly finalLevel: AckLevel;
  readonly timing: Timing;
  readonly pageEvents: PageEventTarget | null;
}

/** @throws {SynclineError} `invalid-option` */
export function checkOptions(
  serverUrl: string,
  options: ConnectionOptions & Pick<ProviderOptions, "protocol" | "resyncInterval">,
): CheckedOptions {
  const given = withoutUndefined(options);
  const { maxBackoffTime = 30_000, params = {}, protocol = "syncline" } = given;
  if (!(maxBackoffTime >= 0)) throw new SynclineError("invalid-option", "maxBackoffTime must be 0 or more");
  const { token = "", ...query } = params;
  socketUrl(serverUrl, query);
  return {
    protocols: [],
    shareSocket: false,
    fallback: true,
    resyncInterval: -1,
    WebSocketPolyfill: undefined,
    shouldReconnect: undefined,
    token,
    timing: systemTiming,
    pageEvents: findPageEventTarget(),
    ...given,
    serverUrl: serverUrl.replace(/\/+$/, ""),
    params: query,
    protocol,
    maxBackoffTime,
    finalLevel: protocol === "syncline" ? ackLevel.durable : ackLevel.received,
  };
}

/** An option that is `undefined` was left out. */
function withoutUndefined<Options extends object>(
  options: Options,
): { [Name in keyof Options]?: Exclude<Options[Name], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as never;
}

/** @throws {SynclineError} `invalid-option` */
export function checkedName(documentName: string): string {
  try {
    return checkDocumentName(documentName);
  } catch (cause) {
    throw new SynclineError("invalid-option", (cause as Error).message, { cause });
  }
}

/** @throws {SynclineError} `no-websocket` */
export function assertCanConnect({ WebSocketPolyfill }: CheckedOptions): void {
  requireWebSocket(WebSocketPolyfill);
}

/**
 * Of the syncline dialect's socket.
 *
 * @throws {SynclineError} `invalid-option`
 */
export function socketUrl(serverUrl: string, params: Params): string {
  try {
    const url = new URL(serverUrl);
    url.protocol = url.protocol.replace(/^http/, "ws");
    if (!/^wss?:$/.test(url.protocol)) throw new Error(`not ${url.protocol}`);
    url.pathname = url.pathname.replace(/\/+$/, "") + synclinePath;
    url.hash = "";
    for (const [name, value] of Object.entries(params)) url.searchParams.set(name, value);
    return url.href;
  } catch (cause) {
    const message = `The server's URL must look like ws://host:port or wss://host; it is "${serverUrl}"`;
    throw new SynclineError("invalid-option", message, { cause });
  }
}
