/** One connection for any number of documents: up while one of them is wanted. Wires, no more. */
import type { Message } from "@syncline/protocol";
import * as Y from "yjs";
import { Carriers, type TransportKind } from "./carriers.js";
import { statusOf, type ConnectionStatus } from "./connection-state.js";
import { Connection } from "./connection.js";
import type { DocumentChannel } from "./session-options.js";
import { SynclineError } from "./error.js";
import { Membership, type Face, type MembershipHost } from "./membership.js";
import { socketUrl, type CheckedOptions, type OpenOptions } from "./options.js";
import { listenToPage } from "./page-events.js";
import type { WebSocketLike } from "./web-socket-carrier.js";

export class SharedConnection implements MembershipHost {
  readonly options: CheckedOptions;
  readonly #carriers: Carriers;
  readonly #connection: Connection;
  /** By the document's name. */
  readonly #memberships = new Map<string, Membership>();
  readonly #stopListening: () => void;
  #isUp = false;
  #isDestroyed = false;
  #webSocket: WebSocketLike | null = null;

  constructor(options: CheckedOptions) {
    this.options = options;
    this.#carriers = this.#makeCarriers();
    this.#connection = this.#makeConnection();
    this.#stopListening = listenToPage(options.pageEvents, {
      onWake: () => {
        this.#carriers.woke();
        this.#each((membership) => membership.wake());
        this.#connection.wake();
      },
      onHide: () => this.#each((membership) => membership.hide()),
    });
  }

  get status(): ConnectionStatus {
    return statusOf(this.#connection.state);
  }

  /** The present one, where there is one. */
  get webSocket(): WebSocketLike | null {
    return this.#webSocket;
  }

  /** What carries the connection, or did last. */
  get transport(): TransportKind {
    return this.#carriers.kind;
  }

  /** Of the syncline dialect's socket. */
  get url(): string {
    return socketUrl(this.options.serverUrl, this.options.params);
  }

  get token(): string | undefined {
    return this.#connection.token;
  }

  get channel(): DocumentChannel | undefined {
    return this.#isUp ? this.#connection : undefined;
  }

  /**
   * The one membership of this document, for one more face. The options of the first one hold for all.
   *
   * @throws {SynclineError} `invalid-option` when the document is open with another Y.Doc; `destroyed`
   */
  attach(face: Face, documentName: string, doc: Y.Doc | undefined, options: OpenOptions): Membership {
    if (this.#isDestroyed) throw new SynclineError("destroyed", "This client was destroyed");
    let membership = this.#memberships.get(documentName);
    if (membership && doc && membership.doc !== doc) {
      throw new SynclineError("invalid-option", `"${documentName}" is open on this client with another Y.Doc`);
    }
    if (!membership) {
      membership = new Membership({
        ...this.options,
        host: this,
        documentName,
        doc: doc ?? new Y.Doc(),
        origin: face,
        awareness: options.awareness,
        openLocalCopy: options.offline,
        // Elsewhere than in a page there are no tabs.
        tabs:
          options.disableBc || !("document" in globalThis)
            ? undefined
            : { url: this.url, bcChannel: options.bcChannel },
      });
      this.#memberships.set(documentName, membership);
    }
    membership.attach(face);
    return membership;
  }

  /** Resolves when what is kept in this browser is stored. */
  async detach(face: Face, membership: Membership): Promise<void> {
    membership.detach(face);
    if (membership.hasFaces) return;
    this.#memberships.delete(membership.documentName);
    await membership.destroy();
  }

  connect(): void {
    this.#connection.connect();
  }

  reconsider(): void {
    const isWanted = [...this.#memberships.values()].some((membership) => membership.isWanted);
    if (!isWanted) this.#connection.disconnect();
  }

  prove(): void {
    this.#connection.prove();
  }

  renewToken(reason: string): boolean {
    return this.#connection.renewToken(reason);
  }

  /** Destroys its providers. Resolves when what is kept in this browser is stored. */
  async destroy(): Promise<void> {
    this.#isDestroyed = true;
    this.#stopListening();
    const destroyed = [...this.#memberships.values()].map((membership) => membership.destroyFaces());
    this.#connection.destroy();
    await Promise.all(destroyed);
  }

  #makeCarriers(): Carriers {
    const docNamed = (name: string) => this.#memberships.get(name)?.doc;
    return new Carriers(this.options, {
      stateVector: (name) => Y.encodeStateVector(docNamed(name) ?? new Y.Doc()),
      onWebSocket: (webSocket) => (this.#webSocket = webSocket),
    });
  }

  #makeConnection(): Connection {
    const { options } = this;
    return new Connection(
      { ...options, openCarrier: this.#carriers.open, url: () => this.url, token: () => options.token },
      {
        onUp: () => {
          this.#isUp = true;
          this.#each((membership) => membership.up());
        },
        onMessage: (message: Message) => this.#each((membership) => membership.receive(message)),
        onDown: () => {
          this.#isUp = false;
          this.#each((membership) => membership.down());
        },
        onStatus: (status) => this.#each((membership) => membership.tell("status", { status })),
        onClose: (event) => {
          this.#webSocket = null;
          this.#each((membership) => membership.tell("connection-close", event, undefined));
        },
        onError: (error) => this.#each((membership) => membership.onError(error)),
        onStopped: (code, reason) => {
          this.#each((membership) => membership.stop(code, reason));
        },
        unackedBytes: () => this.#sum((membership) => membership.ledger.unackedBytes),
      },
    );
  }

  /** A step may add and remove memberships. */
  #each(step: (membership: Membership) => void): void {
    for (const membership of [...this.#memberships.values()]) step(membership);
  }

  #sum(bytes: (membership: Membership) => number): number {
    return [...this.#memberships.values()].reduce((sum, membership) => sum + bytes(membership), 0);
  }
}
