/**
 * A carrier made of HTTP requests: one makes a session, POSTs take frames up, and how they come down is a parameter.
 * PROTOCOL.md, "Where WebSocket is blocked". A request that fails is made again, with growing pauses; numbers see to it that
 * each frame arrives once, in order. When that cannot be, the session ends.
 */
import { backoffMs } from "../backoff.js";
import type { Carrier, CarrierHandlers, OpenCarrier } from "../carrier.js";
import type { Timing } from "../timing.js";
import { HttpUploads, type UploadRequest } from "./http-uploads.js";

/** The server ended the session, or does not know it. */
export class SessionOver extends Error {
  readonly code: number;

  constructor(code: number, reason: string) {
    super(reason);
    this.code = code;
  }
}

/** What brings frames down needs of its session. */
export interface Downlink {
  readonly timing: Timing;
  /** The number of the last frame that came down. */
  readonly receivedNumber: number;
  /**
   * Asks for what follows the frames received; answered with 204 or with something of `type`.
   *
   * @throws {SessionOver}, or what says that the attempt failed
   */
  request(method: "GET" | "POST", what: string, type: string): Promise<Response>;
  /** Passes on those that have not come before. @throws {SessionOver} when others are missing before them */
  receive(frames: readonly Uint8Array[], lastNumber: number): void;
  /** The server is to be told with an upload, soon, that frames came; otherwise `request` has to say so. */
  acknowledgeLater(byteCount: number): void;
}

/** Brings frames down until it fails; called again then. It calls `progressed` when it did not fail at once. */
export type BringDown = (session: Downlink, progressed: () => void) => Promise<never>;

type Query = Readonly<Record<string, number>>;

const maxFailuresInRow = 7;
const pauses = { baseMs: 100, capMs: 2_000 };
/** Browsers carry no more than 64 KiB on after a page was left. */
const maxKeepaliveBytes = 60_000;
const abnormalClose = 1006;

export function httpCarrier(bringDown: BringDown, timing: Timing): OpenCarrier {
  return (url, handlers) => {
    const session = new HttpSession(url, handlers, timing);
    void session.open(bringDown);
    return session;
  };
}

class HttpSession implements Carrier, Downlink {
  readonly timing: Timing;
  receivedNumber = 0;
  readonly #handlers: CarrierHandlers;
  readonly #url: URL;
  readonly #uploads: HttpUploads;
  readonly #abort = new AbortController();
  readonly #cancelPauses = new Set<() => void>();
  #state: "opening" | "open" | "over" = "opening";

  constructor(url: string, handlers: CarrierHandlers, timing: Timing) {
    this.timing = timing;
    this.#handlers = handlers;
    this.#url = new URL(url);
    this.#url.protocol = this.#url.protocol.replace("ws", "http");
    this.#url.pathname += "/sessions";
    this.#uploads = new HttpUploads({
      timing,
      post: (request) => this.#upload(request),
      insist: (attempt) => this.#insist(attempt),
    });
  }

  async open(bringDown: BringDown): Promise<void> {
    try {
      const { session } = (await (await this.#fetch(this.#url, "application/json")).json()) as {
        readonly session: string;
      };
      if (this.#isOver) return;
      this.#url.pathname += `/${session}`;
      this.#state = "open";
      this.#handlers.onOpen();
    } catch (cause) {
      return this.#fail(cause);
    }
    await this.#insist((progressed) => bringDown(this, progressed));
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#state === "open") this.#uploads.send(frame);
  }

  close(): void {
    const wasOpen = this.#state === "open";
    this.#end();
    // Whether it arrives or not, nobody is left to be told.
    if (wasOpen) this.#uploads.leave().catch(() => {});
  }

  request(method: "GET" | "POST", what: string, type: string): Promise<Response> {
    return this.#fetch(this.#urlOf(what, {}), type, { method });
  }

  receive(frames: readonly Uint8Array[], lastNumber: number): void {
    let number = lastNumber - frames.length;
    if (!(number <= this.receivedNumber)) throw new SessionOver(abnormalClose, "Frames were lost on the way");
    for (const frame of frames) {
      if (++number <= this.receivedNumber || this.#isOver) continue;
      this.receivedNumber = number;
      this.#handlers.onFrame(frame);
    }
  }

  acknowledgeLater(byteCount: number): void {
    if (!this.#isOver) this.#uploads.received(byteCount);
  }

  get #isOver(): boolean {
    return this.#state === "over";
  }

  #upload({ first, body, isLast }: UploadRequest): Promise<Response> {
    const url = this.#urlOf("frames", { first, ...(isLast && { last: 1 }) });
    if (!isLast) return this.#fetch(url, undefined, { body });
    return this.#fetch(url, undefined, { body, signal: null, keepalive: body.length <= maxKeepaliveBytes });
  }

  #urlOf(what: string, query: Query): URL {
    const url = new URL(this.#url);
    url.pathname += `/${what}`;
    url.searchParams.set("ack", String(this.receivedNumber));
    for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
    return url;
  }

  async #fetch(url: URL, type: string | undefined, init: RequestInit = {}): Promise<Response> {
    const response = await fetch(url, {
      method: "POST",
      // Who knows the address is this client: it goes nowhere else.
      redirect: "error",
      credentials: "omit",
      cache: "no-store",
      signal: this.#abort.signal,
      ...init,
    });
    const { status } = response;
    // Others answer, too, in the server's place: with a page to log in at, say.
    const isExpected = type !== undefined && response.headers.get("content-type")?.startsWith(type);
    if (status === 204 || (response.ok && isExpected)) return response;
    if (status === 410) {
      const { code, reason } = (await response.json()) as { readonly code: number; readonly reason: string };
      throw new SessionOver(code, reason);
    }
    const message = `${status} ${(await response.text()).slice(0, 200).trim()}`;
    // Unknown, out of step, or more than a proxy lets through: no better the next time.
    if (status === 404 || status === 409 || status === 413) throw new SessionOver(abnormalClose, message);
    throw new Error(message);
  }

  /**
   * Calls `attempt` until it succeeds; false when the session is over instead. It ends the session when the server says so,
   * or after too many failures in a row.
   */
  async #insist(attempt: (progressed: () => void) => Promise<void>): Promise<boolean> {
    let failureCount = 0;
    while (!this.#isOver) {
      try {
        await attempt(() => (failureCount = 0));
        return !this.#isOver;
      } catch (cause) {
        if (this.#isOver) return false;
        if (cause instanceof SessionOver) this.#end(cause);
        else if (++failureCount >= maxFailuresInRow) this.#fail(cause);
        else await this.#pause(backoffMs(failureCount, this.timing.random(), pauses));
      }
    }
    return false;
  }

  /** Never resolves when the session ends meanwhile. */
  #pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.timing.setTimer(() => {
        this.#cancelPauses.delete(cancel);
        resolve();
      }, delayMs);
      this.#cancelPauses.add(cancel);
    });
  }

  #fail(cause: unknown): void {
    if (this.#isOver) return;
    this.#handlers.onError(cause);
    this.#end(cause instanceof SessionOver ? cause : new SessionOver(abnormalClose, String(cause)));
  }

  #end(over?: SessionOver): void {
    if (this.#isOver) return;
    this.#state = "over";
    this.#uploads.stop();
    for (const cancel of this.#cancelPauses) cancel();
    this.#abort.abort();
    if (over) this.#handlers.onClose({ code: over.code, reason: over.message });
  }
}
