/** The public face of one document, kept in step with a Syncline server. Wires, no more. */
import type * as Y from "yjs";
import type { DocumentAccess } from "./access.js";
import { ProviderEmitter, type ProviderEvents } from "./events.js";
import { SynclineError } from "./error.js";
import type { Face, Membership } from "./membership.js";
import {
  assertCanConnect,
  checkedName,
  checkOptions,
  socketUrl,
  type Params,
  type ProviderOptions,
} from "./options.js";
import type { Pending, SaveState } from "./pending.js";
import type { ProviderAwareness } from "./provider-awareness.js";
import { SharedConnection } from "./shared-connection.js";
import { latest, type ProviderStatus } from "./status.js";
import type { WebSocketLike } from "./web-socket-carrier.js";
import { yWebsocketUrl } from "./y-websocket/url.js";

/**
 * ```ts
 * const doc = new Y.Doc();
 * const provider = new SynclineProvider("wss://sync.example.org", "minutes/2025", doc, { token: fetchToken });
 * provider.on("pending", ({ count }) => show(count === 0 ? "saved" : "saving …"));
 * await provider.whenDurable();
 * ```
 */
export class SynclineProvider extends ProviderEmitter<SynclineProvider> implements Face {
  readonly doc: Y.Doc;
  readonly awareness: ProviderAwareness;
  /** The document's name. */
  readonly roomname: string;
  readonly #connection: SharedConnection;
  readonly #ownsConnection: boolean;
  readonly #membership: Membership;
  #status: ProviderStatus | undefined;
  #lastError: SynclineError | undefined;
  /** Until it is destroyed. */
  #destroyed: Promise<void> | undefined;

  /**
   * @param server its URL, `ws://host:port` or `wss://host`, with a path if it is mounted under one; or a connection to share
   * @param documentName 1 to 255 bytes of UTF-8 without control characters
   * @param doc a new one when it is left out
   * @param options those of the connection are not looked at where one is shared
   * @throws {SynclineError} `invalid-option`; `no-websocket` when it is to connect and the runtime cannot
   */
  constructor(
    server: string | SharedConnection,
    documentName: string,
    doc?: Y.Doc,
    options: ProviderOptions<SynclineProvider> = {},
  ) {
    super();
    this.roomname = checkedName(documentName);
    this.#ownsConnection = typeof server === "string";
    this.#connection = typeof server === "string" ? this.#makeConnection(server, options) : server;
    this.#membership = this.#connection.attach(this, this.roomname, doc, options);
    this.doc = this.#membership.doc;
    this.awareness = this.#membership.awareness;
    this.doc.on("destroy", this.#onDocDestroyed);
    if (options.connect ?? true) this.#connectOrDestroy();
  }

  /** The same as `doc`, as Hocuspocus calls it. */
  get document(): Y.Doc {
    return this.doc;
  }

  /** As it was passed in, without slashes at its end. */
  get serverUrl(): string {
    return this.#connection.options.serverUrl;
  }

  /** Of the socket. */
  get url(): string {
    const { serverUrl, params, protocol } = this.#connection.options;
    const isStock = protocol === "y-websocket";
    return isStock ? yWebsocketUrl(serverUrl, this.roomname, params) : socketUrl(serverUrl, params);
  }

  /** In the socket's URL; the next attempt uses those that are set. */
  get params(): Params {
    return this.#connection.options.params;
  }

  set params({ token, ...params }: Params) {
    this.#connection.options.params = params;
    if (token !== undefined) this.#connection.options.token = token;
  }

  /** Everything a user interface wants to know, as one value that changes only when something did: see `subscribe`. */
  get status(): ProviderStatus {
    const { session, ledger, offline } = this.#membership;
    const { access, rejected } = session;
    const isWanted = this.shouldConnect;
    const connection = isWanted ? this.#connection.status : "disconnected";
    const { transport } = this.#connection;
    const now = {
      ...ledger.saveState,
      connection,
      transport,
      access,
      synced: isWanted && session.isSynced,
      offline,
      rejected,
      lastError: this.#lastError,
    };
    return (this.#status = latest(this.#status, now));
  }

  get synced(): boolean {
    return this.status.synced;
  }

  get wsconnected(): boolean {
    return this.status.connection === "connected";
  }

  get wsconnecting(): boolean {
    return this.status.connection === "connecting";
  }

  /** The present socket; null where there is none, or something else carries the connection. */
  get ws(): WebSocketLike | null {
    return this.#connection.webSocket;
  }

  /** Whether other tabs of this browser that have the document hear of edits and presence directly. */
  get bcconnected(): boolean {
    return this.#membership.sharing.isConnected;
  }

  /** Whether it is connected or will try to be. */
  get shouldConnect(): boolean {
    return this.#membership.isWantedBy(this);
  }

  /** Whether it has left for good. */
  get isDestroyed(): boolean {
    return this.#destroyed !== undefined;
  }

  /** What the server lets this client do with the document. It may change at any time: see the event of this name. */
  get access(): DocumentAccess {
    return this.#membership.session.access;
  }

  /** Local edits that are not known to be on the server's disk: from the moment they are made, offline, too. */
  get pending(): Pending {
    return this.#membership.ledger.pending;
  }

  /** How many edits were made here, reached the server, and are on its disk. A new object each time. */
  get saveState(): SaveState {
    return this.#membership.ledger.saveState;
  }

  /** The same as `pending.count`, as Hocuspocus calls it. */
  get unsyncedChanges(): number {
    return this.pending.count;
  }

  get hasUnsyncedChanges(): boolean {
    return this.unsyncedChanges > 0;
  }

  /** Calls back when `status` is another value. Returns what ends that: fit for `useSyncExternalStore` and other stores. */
  readonly subscribe = (onChange: () => void): (() => void) => {
    this.on("change", onChange);
    return () => this.off("change", onChange);
  };

  /**
   * Resolves when everything the document holds at this moment is known to be on the server's disk; that includes what
   * it held before the provider was made, so it waits for a connection if there was none yet.
   *
   * Rejects with a {@link SynclineError}: `closed` or `rejected` when the server closed the document for good,
   * `destroyed` when the provider is destroyed first, `not-supported` when the server never says what is on disk.
   */
  async whenDurable(): Promise<void> {
    this.#assertSyncline();
    return this.#membership.ledger.whenDurable();
  }

  /** One Yjs update of all edits the server did not take, and those made since: to keep as a fork, to send elsewhere. */
  exportRejected(): Uint8Array | undefined {
    return this.#membership.exportRejected();
  }

  /**
   * Puts the server's content in the place of the document's, which forgets what was rejected: `exportRejected` first, if it
   * is worth something. Resolves when that is done, at once when nothing was rejected; waits for a connection, and what is
   * edited until then goes, too.
   *
   * Rejects with a {@link SynclineError} when the server closes for good, or the provider is disconnected or destroyed.
   */
  async revertRejected(): Promise<void> {
    return this.#membership.revert(this);
  }

  /**
   * Tells the other members' applications (`event`). Not stored: who is not connected now never hears of it.
   *
   * @param payload at most 64 KiB; the server drops what is more than about 20 of them a second
   * @throws {SynclineError} `not-supported` by y-websocket servers, `invalid-option` when it is too large
   */
  broadcast(payload: Uint8Array | string): void {
    this.#assertSyncline();
    this.#membership.session.sendEvent(payload);
  }

  /**
   * Connects, and stays connected until `disconnect()`, `destroy()` or a permanent close. Returns at once. On a provider
   * that is connected already, tells its listeners again how things are.
   *
   * @throws {SynclineError} `no-websocket`
   */
  connect(): void {
    if (this.#destroyed) return;
    if (this.wsconnected) return this.#repeatStatus();
    assertCanConnect(this.#connection.options);
    this.#membership.want(this);
    // Who shares a membership that is connected already hears so when its listeners are there.
    if (this.wsconnected) queueMicrotask(() => this.#repeatStatus());
  }

  /** Sends what waits to be sent, leaves, and stays away until `connect()`. */
  disconnect(): void {
    const wasConnected = this.wsconnected;
    const wasSynced = this.synced;
    this.#membership.unwant(this);
    if (!wasConnected || this.#connection.status === "disconnected") return;
    // The socket stays, for others.
    this.tell("status", { status: "disconnected" });
    if (!wasSynced || !this.#membership.session.isSynced) return;
    this.tell("synced", false);
    this.tell("sync", false);
  }

  /**
   * Leaves for good. The document stays; so does the awareness, if it was passed in. Resolves when what is kept in this
   * browser is stored.
   */
  override destroy(): Promise<void> {
    return (this.#destroyed ??= this.#destroy());
  }

  tell<Name extends keyof ProviderEvents<unknown>>(
    name: Name,
    ...args: Parameters<ProviderEvents<unknown>[Name]>
  ): void {
    if (name === "connection-error") this.#lastError = args[0] as SynclineError;
    const before = this.#status;
    // Those of y-websocket's events that have a second argument get the provider as such.
    this.emit(name, (args.length > 1 ? [args[0], this] : args) as never);
    if (name !== "change" && this.status !== before) this.emit("change", [this.status]);
  }

  #makeConnection(url: string, options: ProviderOptions<SynclineProvider>): SharedConnection {
    const { shouldReconnect, ...rest } = options;
    if (!shouldReconnect) return new SharedConnection(checkOptions(url, rest));
    return new SharedConnection(
      checkOptions(url, { ...rest, shouldReconnect: (event) => shouldReconnect(event, this) }),
    );
  }

  #assertSyncline(): void {
    if (this.#connection.options.protocol === "syncline") return;
    throw new SynclineError("not-supported", "The y-websocket protocol does not have this");
  }

  async #destroy(): Promise<void> {
    this.doc.off("destroy", this.#onDocDestroyed);
    const detached = this.#connection.detach(this, this.#membership);
    if (this.#ownsConnection) void this.#connection.destroy();
    super.destroy();
    await detached;
  }

  readonly #onDocDestroyed = (): void => void this.destroy();

  #connectOrDestroy(): void {
    try {
      this.connect();
    } catch (error) {
      void this.destroy();
      throw error;
    }
  }

  #repeatStatus(): void {
    if (this.#destroyed) return;
    this.tell("status", { status: this.status.connection });
    if (!this.synced) return;
    this.tell("synced", true);
    this.tell("sync", true);
  }
}
