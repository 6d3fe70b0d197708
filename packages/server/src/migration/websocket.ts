/** Documents of any server that speaks y-websocket, asked for by name over the network as a new client would. */
import { messageOf, SynclineError } from "../error.js";
import { systemTimers, type Timers } from "../timers.js";
import { addressOf, type DocumentAddress } from "./name-in-path.js";
import type { MigrationSource, SourceDocument } from "./source.js";
import { DocumentPull, type PullOptions } from "./document-pull.js";

export interface WebSocketSourceOptions {
  /**
   * Milliseconds for one document, from connecting to the server's answer.
   * @default 30_000
   */
  readonly timeoutMs?: number;
  /**
   * Milliseconds to go on listening after the answer: y-websocket's servers answer before they have read a document from
   * their disk, and send what was there when they have. Five times as long while they have sent nothing.
   * @default 1_000
   */
  readonly lingerMs?: number;
  /**
   * Bytes of all messages about one document.
   * @default 67_108_864 (64 MiB)
   */
  readonly maxDocumentBytes?: number;
  readonly timers?: Timers;
}

/**
 * `url` is what the clients give their provider, `ws://` or `wss://`, with the query (`?token=…`) that the server asks for.
 * `names` are the room names they give it. A document comes under the name that Syncline serves to such a client, which
 * is another only where the room name has percent signs in it. One that the server does not have comes without updates.
 *
 * Reading fails with a `SynclineError` `invalid-option` for a server that cannot be reached, refuses, is silent, hangs up
 * or speaks something else, and for a document above the limit.
 *
 * @throws {SynclineError} `invalid-option` for a URL or name that cannot be used.
 */
export function createWebSocketSource(
  url: string,
  names: readonly string[],
  options: WebSocketSourceOptions = {},
): MigrationSource {
  const serverUrl = serverUrlIn(url);
  const addresses = names.map((name) => {
    const address = addressOf(serverUrl, name);
    if (address) return address;
    throw new SynclineError("invalid-option", `${JSON.stringify(name)} cannot be the name of a document in a URL`);
  });
  return new WebSocketSource(addresses, {
    timeoutMs: options.timeoutMs ?? 30_000,
    lingerMs: options.lingerMs ?? 1_000,
    maxDocumentBytes: options.maxDocumentBytes ?? 64 * 1024 * 1024,
    timers: options.timers ?? systemTimers,
  });
}

class WebSocketSource implements MigrationSource {
  readonly #addresses: readonly DocumentAddress[];
  readonly #options: PullOptions;
  readonly #pulls = new Set<DocumentPull>();
  #isClosed = false;

  constructor(addresses: readonly DocumentAddress[], options: PullOptions) {
    this.#addresses = addresses;
    this.#options = options;
  }

  get documentCount(): number {
    return this.#addresses.length;
  }

  async *documents(): AsyncIterable<SourceDocument> {
    for (const { url, documentName } of this.#addresses) {
      yield { name: documentName, updates: await this.#pull(url) };
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    const pulls = [...this.#pulls];
    for (const pull of pulls) pull.cancel();
    await Promise.all(pulls.map((pull) => pull.closed));
  }

  async #pull(url: URL): Promise<readonly Uint8Array[]> {
    if (this.#isClosed) throw new SynclineError("closed", "the source was closed");
    const pull = new DocumentPull(url, this.#options);
    this.#pulls.add(pull);
    try {
      return await pull.updates;
    } finally {
      await pull.closed;
      this.#pulls.delete(pull);
    }
  }
}

function serverUrlIn(text: string): URL {
  let url: URL;
  try {
    url = new URL(text);
  } catch (cause) {
    throw new SynclineError("invalid-option", `${JSON.stringify(text)} is not a URL: ${messageOf(cause)}`, { cause });
  }
  if (url.protocol === "ws:" || url.protocol === "wss:") return url;
  throw new SynclineError(
    "invalid-option",
    `${text} is not the URL of a WebSocket: it must begin with ws:// or wss://`,
  );
}
