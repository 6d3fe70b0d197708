/** What a provider can be told, checked once. */
import { checkDocumentName, synclinePath } from "@syncline/protocol";
import type { Awareness } from "y-protocols/awareness";
import type { Token } from "./connection.js";
import { SynclineError } from "./error.js";
import { findPageEventTarget, type PageEventTarget } from "./page-events.js";
import type { WebSocketConstructor } from "./socket.js";
import { systemTiming, type Timing } from "./timing.js";

export interface ProviderOptions {
  /** Whether to connect at once. @default true */
  readonly connect?: boolean;
  /** Presence to use. One that is passed in is left alive by `destroy()`. @default a new Awareness of the document */
  readonly awareness?: Awareness;
  /**
   * Sent to the server in the first message, never in a URL. A function is called for each attempt to connect; when it
   * throws, or does not answer in 30 s, the attempt is made again after a pause.
   *
   * @default ""
   */
  readonly token?: Token;
  /** A WebSocket class for runtimes that have none, such as ws's in Node 20. @default globalThis.WebSocket */
  readonly WebSocketPolyfill?: WebSocketConstructor;
  /** The longest pause between two attempts, in milliseconds. @default 30_000 */
  readonly maxBackoffMs?: number;
  /** Clock, timers and randomness, for tests. @default the runtime's */
  readonly timing?: Timing;
  /** Where `online`, `pageshow` and `pagehide` are heard; null for nowhere. @default globalThis, if it has events */
  readonly pageEvents?: PageEventTarget | null;
}

export interface CheckedOptions {
  /** The server's, as it was given. */
  readonly serverUrl: string;
  /** The socket's. */
  readonly url: string;
  readonly documentName: string;
  readonly connect: boolean;
  readonly awareness: Awareness | undefined;
  readonly token: Token;
  readonly WebSocketPolyfill: WebSocketConstructor | undefined;
  readonly maxBackoffMs: number;
  readonly timing: Timing;
  readonly pageEvents: PageEventTarget | null;
}

/** @throws {SynclineError} `invalid-option` */
export function checkOptions(serverUrl: string, documentName: string, options: ProviderOptions): CheckedOptions {
  const { maxBackoffMs = 30_000, pageEvents = findPageEventTarget() } = options;
  if (!(maxBackoffMs >= 0)) throw new SynclineError("invalid-option", "maxBackoffMs must be 0 or more");
  return Object.freeze({
    serverUrl,
    url: socketUrl(serverUrl),
    documentName: checkedName(documentName),
    connect: options.connect ?? true,
    awareness: options.awareness,
    token: options.token ?? "",
    WebSocketPolyfill: options.WebSocketPolyfill,
    maxBackoffMs,
    timing: options.timing ?? systemTiming,
    pageEvents,
  });
}

function socketUrl(serverUrl: string): string {
  const url = parseUrl(serverUrl);
  url.protocol = url.protocol.replace(/^http/, "ws");
  if (url.protocol !== "ws:" && url.protocol !== "wss:") throw badUrl(serverUrl);
  url.pathname = url.pathname.replace(/\/+$/, "") + synclinePath;
  url.hash = "";
  return url.href;
}

function parseUrl(serverUrl: string): URL {
  try {
    return new URL(serverUrl);
  } catch (cause) {
    throw badUrl(serverUrl, { cause });
  }
}

function badUrl(serverUrl: string, options?: ErrorOptions): SynclineError {
  const message = `The server's URL must look like ws://host:port or wss://host; it is "${serverUrl}"`;
  return new SynclineError("invalid-option", message, options);
}

function checkedName(documentName: string): string {
  try {
    return checkDocumentName(documentName);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new SynclineError("invalid-option", reason, { cause });
  }
}
