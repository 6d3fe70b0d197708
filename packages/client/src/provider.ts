/** The public face: one Yjs document, kept in step with a Syncline server over a connection of its own. Wires, no more. */
import { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { statusOf, type ConnectionStatus } from "./connection-state.js";
import type { DocumentAccess } from "./access.js";
import { Connection } from "./connection.js";
import { DocumentSession } from "./document-session.js";
import { SynclineError } from "./error.js";
import { ProviderEmitter } from "./events.js";
import { checkOptions, type CheckedOptions, type ProviderOptions } from "./options.js";
import { listenToPage } from "./page-events.js";
import { PendingLedger, type Pending, type SaveState } from "./pending.js";
import { Presence } from "./presence.js";

/**
 * ```ts
 * const doc = new Y.Doc();
 * const provider = new SynclineProvider("wss://sync.example.org", "minutes/2025", doc, { token: fetchToken });
 * provider.on("pending", ({ count }) => show(count === 0 ? "saved" : "saving …"));
 * await provider.whenDurable();
 * ```
 */
export class SynclineProvider extends ProviderEmitter<SynclineProvider> {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  /** The document's name. */
  readonly roomname: string;
  /** As it was passed in. */
  readonly serverUrl: string;
  /** Of the socket. */
  readonly url: string;
  readonly #ledger: PendingLedger;
  readonly #session: DocumentSession;
  readonly #presence: Presence;
  readonly #connection: Connection;
  readonly #ownsAwareness: boolean;
  readonly #stopListening: () => void;

  /**
   * @param url of the server, `ws://host:port` or `wss://host`, with a path if it is mounted under one
   * @param documentName 1 to 255 bytes of UTF-8 without control characters
   * @throws {SynclineError} `invalid-option`; `no-websocket` when it is to connect and the runtime cannot
   */
  constructor(url: string, documentName: string, doc: Y.Doc, options: ProviderOptions = {}) {
    super();
    const checked = checkOptions(url, documentName, options);
    this.doc = doc;
    this.roomname = checked.documentName;
    this.serverUrl = checked.serverUrl;
    this.url = checked.url;
    this.#ownsAwareness = !checked.awareness;
    this.awareness = checked.awareness ?? new Awareness(doc);
    this.#ledger = new PendingLedger(() => checked.timing.now());
    this.#session = this.#makeSession(checked);
    this.#presence = this.#makePresence();
    this.#connection = this.#makeConnection(checked);
    this.#stopListening = this.#listen(checked);
    if (checked.connect) this.#connectOrDestroy();
  }

  /** The same as `doc`, as Hocuspocus calls it. */
  get document(): Y.Doc {
    return this.doc;
  }

  /** Whether everything the server had at the opening has arrived, on the present connection. */
  get synced(): boolean {
    return this.#session.isSynced;
  }

  get status(): ConnectionStatus {
    return statusOf(this.#connection.state);
  }

  get wsconnected(): boolean {
    return this.status === "connected";
  }

  get wsconnecting(): boolean {
    return this.status === "connecting";
  }

  /** Whether it is connected or will try to be. */
  get shouldConnect(): boolean {
    return !["idle", "stopped", "destroyed"].includes(this.#connection.state.kind);
  }

  /** What the server lets this client do with the document. It may change at any time: see the event of this name. */
  get access(): DocumentAccess {
    return this.#session.access;
  }

  /** Local edits that are not known to be on the server's disk: from the moment they are made, offline, too. */
  get pending(): Pending {
    return this.#ledger.pending;
  }

  /** How many edits were made here, reached the server, and are on its disk. A new object each time. */
  get saveState(): SaveState {
    return this.#ledger.saveState;
  }

  /**
   * Resolves when everything the document holds at this moment is known to be on the server's disk; that includes what
   * it held before the provider was made, so it waits for a connection if there was none yet.
   *
   * Rejects with a {@link SynclineError}: `closed` or `rejected` when the server closed the document for good,
   * `destroyed` when the provider is destroyed first.
   */
  async whenDurable(): Promise<void> {
    return this.#ledger.whenDurable();
  }

  /**
   * Connects, and stays connected until `disconnect()`, `destroy()` or a permanent close. Returns at once. On a provider
   * that is connected already, tells its listeners again how things are.
   *
   * @throws {SynclineError} `no-websocket`
   */
  connect(): void {
    if (this.wsconnected) return this.#repeatStatus();
    if (this.#connection.state.kind !== "destroyed") this.#ledger.revive();
    this.#connection.connect();
  }

  /** Sends what waits to be sent, leaves, and stays away until `connect()`. */
  disconnect(): void {
    this.#leave();
    this.#connection.disconnect();
  }

  /** Leaves for good. The document stays; so does the awareness, if it was passed in. */
  override destroy(): void {
    if (this.#connection.state.kind === "destroyed") return;
    this.#stopListening();
    this.#leave();
    this.#connection.destroy();
    this.#session.destroy();
    this.#presence.destroy();
    if (this.#ownsAwareness) this.awareness.destroy();
    this.#ledger.fail(new SynclineError("destroyed", "The provider was destroyed before all edits were durable"));
    super.destroy();
  }

  #makeSession({ documentName, timing }: CheckedOptions): DocumentSession {
    const options = { doc: this.doc, documentName, origin: this, ledger: this.#ledger, timing };
    return new DocumentSession(options, {
      onJoined: () => this.#presence.announce(),
      onLeft: () => this.#presence.forgetOthers(),
      onSynced: (isSynced) => this.#onSynced(isSynced),
      onAccess: (access) => this.emit("access", [access]),
      onPresence: (update) => this.#presence.apply(update),
      onProgress: (progress) => this.#onProgress(progress),
      onRejected: (rejected) => {
        const { code: closeCode, reason } = rejected;
        this.#ledger.fail(new SynclineError("rejected", `An edit was rejected: ${reason}`, { closeCode, reason }));
        this.emit("rejected", [rejected]);
      },
      onEnded: (code, reason) => this.#connection.end(code, reason),
      onError: (error) => this.#onError(error),
    });
  }

  #makePresence(): Presence {
    return new Presence({
      awareness: this.awareness,
      origin: this,
      send: (update) => this.#session.sendPresence(update),
      onError: (error) => this.#onError(error),
    });
  }

  #makeConnection(options: CheckedOptions): Connection {
    const connection: Connection = new Connection(options, {
      onUp: () => this.#session.join(connection),
      onMessage: (message) => this.#session.receive(message),
      onDown: () => this.#session.drop(),
      onStatus: (status) => this.emit("status", [{ status }]),
      onClose: (event) => this.emit("connection-close", [event, this]),
      onError: (error) => this.#onError(error),
      onStopped: (code, reason) => this.#onStopped(code, reason),
      unackedBytes: () => this.#ledger.unackedBytes,
    });
    return connection;
  }

  #listen({ pageEvents }: CheckedOptions): () => void {
    const onDocDestroyed = () => this.destroy();
    this.doc.on("destroy", onDocDestroyed);
    const stopListeningToPage = listenToPage(pageEvents, {
      onWake: () => {
        this.#presence.announce();
        this.#connection.wake();
      },
      onHide: () => {
        this.#session.flush();
        this.#presence.sayGoodbye();
      },
    });
    return () => {
      this.doc.off("destroy", onDocDestroyed);
      stopListeningToPage();
    };
  }

  #connectOrDestroy(): void {
    try {
      this.connect();
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  #leave(): void {
    this.#session.flush();
    this.#presence.sayGoodbye();
    this.#session.leave();
  }

  #repeatStatus(): void {
    this.emit("status", [{ status: this.status }]);
    if (this.synced) this.#onSynced(true);
  }

  #onSynced(isSynced: boolean): void {
    if (isSynced) this.#connection.prove();
    this.emit("sync", [isSynced]);
    this.emit("synced", [isSynced]);
  }

  #onProgress({ received, durable }: { readonly received: number; readonly durable: number }): void {
    const { saveState } = this;
    if (received > 0) this.emit("received", [{ count: received, total: saveState.received }]);
    if (durable > 0) this.emit("durable", [{ count: durable, total: saveState.durable }]);
    this.emit("pending", [this.pending]);
  }

  #onError(error: SynclineError): void {
    this.emit("connection-error", [error, this]);
  }

  #onStopped(code: number, reason: string): void {
    this.#ledger.fail(new SynclineError("closed", `Closed with ${code}: ${reason}`, { closeCode: code, reason }));
    this.emit("closed", [{ code, reason }, this]);
  }
}
