/** Several documents on one socket. */
import type * as Y from "yjs";
import { checkOptions, type ConnectionOptions, type OpenOptions } from "./options.js";
import { SynclineProvider } from "./provider.js";
import { SharedConnection } from "./shared-connection.js";

export interface ClientOptions extends ConnectionOptions {
  /** Of the server, `ws://host:port` or `wss://host`, with a path if it is mounted under one. */
  readonly url: string;
}

/**
 * ```ts
 * const client = new SynclineClient({ url: "wss://sync.example.org", token: fetchToken });
 * const minutes = client.open("minutes/2025");
 * const board = client.open("board", boardDoc);
 * ```
 *
 * The socket is open while one of the documents wants to be connected. What `open` gives is a provider like any other; each
 * is to be destroyed by who opened it.
 */
export class SynclineClient extends SharedConnection {
  /** @throws {SynclineError} `invalid-option` */
  constructor({ url, ...options }: ClientOptions) {
    super(checkOptions(url, options));
  }

  /**
   * Opens a document. Opened twice it is one membership with two providers: they share `doc` and `awareness`, and the options
   * of the first.
   *
   * @param doc where its content goes; a new one, or that of the first opening, when it is left out
   * @throws {SynclineError} `invalid-option`, also when it is open with another Y.Doc; `no-websocket`; `destroyed`
   */
  open(documentName: string, doc?: Y.Doc, options: OpenOptions = {}): SynclineProvider {
    return new SynclineProvider(this, documentName, doc, options);
  }
}
