/**
 * One document on a shared connection, for as many providers as want it: when it is opened, left, and opened again. What is
 * said while it is open is the session's business.
 */
import { closeCodes, isPermanentClose, type AckLevel, type Message } from "@syncline/protocol";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { backoffMs } from "./backoff.js";
import { DocumentSession } from "./document-session.js";
import type { DocumentChannel, SessionOptions } from "./session-options.js";
import { SynclineError } from "./error.js";
import type { Tell } from "./events.js";
import type { LocalCopy, LocalCopyState, OpenLocalCopy } from "./local-copy.js";
import { PendingLedger } from "./pending.js";
import { Presence } from "./presence.js";
import { Reversal } from "./reversal.js";
import type * as RevertCode from "./revert.js";
import { TabSharing } from "./tab-sharing.js";
import type { Timing } from "./timing.js";

/** Who is told of what happens: a provider. */
export interface Face {
  readonly tell: Tell;
  destroy(): Promise<void>;
}

/** What a membership needs of the connection it shares. */
export interface MembershipHost {
  /** `undefined` while it is not up. */
  readonly channel: DocumentChannel | undefined;
  /** What the connection is made with; `undefined` until it was first asked for. */
  readonly token: string | undefined;
  /** A connection is wanted, now. */
  connect(): void;
  /** Whether a connection is wanted may have changed. */
  reconsider(): void;
  /** A document is synced. */
  prove(): void;
  /** The token is not taken: whether the connection comes back with a fresh one. */
  renewToken(reason: string): boolean;
}

export interface MembershipOptions {
  readonly host: MembershipHost;
  readonly serverUrl: string;
  readonly documentName: string;
  readonly doc: Y.Doc;
  /** Of the transactions that apply the server's updates. */
  readonly origin: object;
  readonly awareness: Awareness | undefined;
  readonly openLocalCopy: OpenLocalCopy | undefined;
  /** Of the channel over which tabs share this document; `undefined` when they do not. */
  readonly tabs: { readonly url: string; readonly bcChannel: string | undefined } | undefined;
  /** The ack after which an edit counts as saved. */
  readonly finalLevel: AckLevel;
  readonly maxBackoffTime: number;
  readonly timing: Timing;
}

type MembershipState =
  /** Nobody wants it. */
  | { readonly kind: "idle" }
  /** It is opened as soon as the connection is up, and what is stored in this browser is in the document. */
  | { readonly kind: "wanted" }
  | { readonly kind: "joined" }
  /** The server's content is fetched, to take the place of the document's. */
  | { readonly kind: "reverting"; readonly session: DocumentSession }
  /** The server could not just now. */
  | { readonly kind: "resting"; readonly cancel: () => void }
  /** Closed for good, until someone wants it again. */
  | { readonly kind: "stopped" }
  | { readonly kind: "destroyed" };

const baseBackoffMs = 200;
/** How long a document must have been synced for earlier failures to be forgotten. */
const stableAfterMs = 5_000;

export class Membership {
  readonly doc: Y.Doc;
  readonly documentName: string;
  readonly awareness: Awareness;
  readonly ledger: PendingLedger;
  readonly session: DocumentSession;
  readonly sharing: TabSharing;
  readonly #options: MembershipOptions;
  readonly #sessionOptions: SessionOptions;
  readonly #presence: Presence;
  readonly #localCopy: LocalCopy | undefined;
  readonly #faces = new Set<Face>();
  readonly #wantedBy = new Set<Face>();
  #state: MembershipState = { kind: "idle" };
  /** Whether what this browser stores is in the document, or nothing is stored. */
  #isLoaded: boolean;
  readonly #reversal = new Reversal((code, fetched) => this.#replace(code, fetched));
  #failures = 0;
  #syncedAtMs = Infinity;

  constructor(options: MembershipOptions) {
    const { doc, documentName, serverUrl, openLocalCopy } = options;
    this.#options = options;
    this.doc = doc;
    this.documentName = documentName;
    this.awareness = options.awareness ?? new Awareness(doc);
    this.ledger = this.#makeLedger();
    this.#sessionOptions = this.#makeSessionOptions();
    this.session = new DocumentSession(this.#sessionOptions);
    this.#presence = this.#makePresence();
    this.sharing = this.#makeSharing();
    this.#localCopy = openLocalCopy?.({
      doc,
      documentName,
      serverUrl,
      onState: (state) => this.tell("offline", state),
      onError: (error) => this.onError(error),
    });
    this.#isLoaded = !this.#localCopy;
    void this.#localCopy?.loaded.then((position) => {
      if (position) this.session.startFrom(position);
      this.#isLoaded = true;
      this.#joinIfPossible();
      void this.sharing.start();
    });
  }

  get isWanted(): boolean {
    return ["wanted", "joined", "reverting", "resting"].includes(this.#state.kind);
  }

  isWantedBy(face: Face): boolean {
    return this.isWanted && this.#wantedBy.has(face);
  }

  get hasFaces(): boolean {
    return this.#faces.size > 0;
  }

  get offline(): LocalCopyState | "off" {
    return this.#localCopy?.state ?? "off";
  }

  attach(face: Face): void {
    this.#faces.add(face);
  }

  detach(face: Face): void {
    this.unwant(face);
    this.#faces.delete(face);
  }

  async destroyFaces(): Promise<void> {
    await Promise.all([...this.#faces].map((face) => face.destroy()));
  }

  want(face: Face): void {
    if (this.#state.kind === "destroyed") return;
    this.#wantedBy.add(face);
    this.#begin();
  }

  unwant(face: Face): void {
    this.#wantedBy.delete(face);
    if (this.#wantedBy.size > 0 || !this.isWanted) return;
    this.#leave();
    this.#become({ kind: "idle" });
    this.sharing.stop();
    this.#reversal.giveUp(new SynclineError("closed", "Disconnected before the server's content was here"));
    this.#options.host.reconsider();
  }

  /** The connection is up. */
  up(): void {
    this.#joinIfPossible();
    void this.sharing.start();
  }

  /** The connection is gone. */
  down(): void {
    this.session.drop();
    if (this.isWanted) this.#become({ kind: "wanted" });
  }

  receive(message: Message): void {
    if (this.#state.kind === "joined") this.session.receive(message);
    if (this.#state.kind === "reverting") this.#state.session.receive(message);
  }

  /** The page is back. */
  wake(): void {
    this.#presence.announce();
  }

  /** The page goes away, perhaps for good. */
  hide(): void {
    this.session.flush();
    this.#presence.sayGoodbye();
    this.sharing.sayGoodbye();
  }

  /** The document is closed for good: by the server, or with its connection. */
  stop(code: number, reason: string): void {
    if (!this.isWanted) return;
    this.session.drop();
    this.#become({ kind: "stopped" });
    this.#wantedBy.clear();
    this.sharing.stop();
    const error = new SynclineError("closed", `Closed with ${code}: ${reason}`, { closeCode: code, reason });
    this.ledger.fail(error);
    this.#reversal.giveUp(error);
    this.#options.host.reconsider();
    // Other documents keep the socket.
    if (this.#options.host.channel) this.tell("status", { status: "disconnected" });
    this.tell("closed", { code, reason }, undefined);
  }

  onError(error: SynclineError): void {
    this.tell("connection-error", error, undefined);
  }

  /** All of the content that the server did not take. */
  exportRejected(): Uint8Array | undefined {
    const { rejected } = this.session;
    if (!rejected) return undefined;
    return isOtherDocument(rejected.code) ? Y.encodeStateAsUpdate(this.doc) : this.session.exportUnsaved();
  }

  /** Puts the server's content in the place of the document's. */
  async revert(face: Face): Promise<void> {
    if (!this.session.rejected) return;
    const wasWanted = this.isWantedBy(face);
    const code = await import("./revert.js");
    const { rejected } = this.session;
    if (!rejected) return;
    const isLeft = this.#state.kind === "destroyed" || (wasWanted && !this.isWantedBy(face));
    if (isLeft) throw new SynclineError("destroyed", "The provider was disconnected or destroyed meanwhile");
    const reverted = this.#reversal.ask(code);
    if (rejected.code === closeCodes.deleted) this.#reversal.becomeEmpty();
    else this.#reopen(face);
    return reverted;
  }

  async destroy(): Promise<void> {
    if (this.isWanted) this.#leave();
    this.#become({ kind: "destroyed" });
    this.sharing.stop();
    const error = new SynclineError("destroyed", "The provider was destroyed before all edits were durable");
    this.session.destroy();
    this.#presence.destroy();
    if (!this.#options.awareness) this.awareness.destroy();
    this.ledger.fail(error);
    this.#reversal.giveUp(error);
    await this.#localCopy?.destroy();
  }

  #makeLedger(): PendingLedger {
    const { timing, finalLevel } = this.#options;
    return new PendingLedger(() => timing.now(), finalLevel);
  }

  #makeSessionOptions(): SessionOptions {
    return {
      ...this.#options,
      ledger: this.ledger,
      presence: () => this.#presence,
      tell: (name, ...args) => {
        if (name === "synced" && args[0] === true) this.#proven();
        if (name === "access") void this.sharing.start();
        // Tabs that decide otherwise about what was refused must not bring it back.
        if (name === "rejected") this.sharing.stop();
        this.tell(name, ...args);
      },
      onPosition: (position) => this.#localCopy?.remember(position),
      onEnded: (code, reason) => this.#onEnded(code, reason),
    };
  }

  #makePresence(): Presence {
    return new Presence({
      awareness: this.awareness,
      origin: this.#options.origin,
      send: (update) => this.session.sendPresence(update),
      onError: (error) => this.onError(error),
    });
  }

  #proven(): void {
    this.#syncedAtMs = this.#options.timing.now();
    this.#options.host.prove();
    void this.sharing.start();
  }

  #makeSharing(): TabSharing {
    const { tabs, host, doc, documentName, timing, origin } = this.#options;
    const { session, awareness } = this;
    return new TabSharing({
      what: () => {
        const { token } = host;
        if (!tabs || token === undefined || !this.isWanted || !this.#isLoaded || session.rejected) return undefined;
        return {
          ...tabs,
          ...{ doc, documentName, awareness, timing, token },
          generation: () => session.generation,
          adoptGeneration: (generation) => session.startFrom({ generation, seq: 0 }),
          isFromElsewhere: (cause) => cause === origin || cause === this.#localCopy,
        };
      },
      onError: (error) => this.onError(error),
    });
  }

  #begin(): void {
    if (!this.session.rejected) this.ledger.revive();
    if (!this.isWanted) this.#become({ kind: "wanted" });
    this.#options.host.connect();
    this.#joinIfPossible();
    void this.sharing.start();
  }

  #joinIfPossible(): void {
    const { channel } = this.#options.host;
    if (this.#state.kind !== "wanted" || !channel || !this.#isLoaded) return;
    if (this.#reversal.isAsked) return this.#fetch(channel);
    this.#become({ kind: "joined" });
    this.session.join(channel);
  }

  #reopen(face: Face): void {
    if (this.#state.kind === "joined") {
      this.session.leave();
      this.#become({ kind: "wanted" });
    }
    this.want(face);
  }

  #fetch(channel: DocumentChannel): void {
    const session = this.#reversal.fetch(channel, this.#sessionOptions, this.#makeLedger(), () => {
      if (this.#state.kind !== "reverting") return;
      this.#become({ kind: "wanted" });
      this.#joinIfPossible();
    });
    this.#become({ kind: "reverting", session });
  }

  #replace({ resetDocument }: typeof RevertCode, { content, position }: RevertCode.Fetched): void {
    const { doc, origin } = this.#options;
    // First: what observers write in answer to the new content are edits like any other.
    this.session.replaced(position);
    try {
      resetDocument(doc, content ? [content] : [], origin, newClientId());
    } catch (cause) {
      // Observers of the application run inside of it; the document is reset all the same.
      this.onError(new SynclineError("apply-failed", "An observer failed while edits were taken back", { cause }));
    }
    this.#presence.rename(doc.clientID);
    void this.#localCopy?.restart();
    if (position.generation !== "") this.#localCopy?.remember(position);
    this.tell("reverted");
  }

  #onEnded(code: number, reason: string): void {
    if (this.#state.kind !== "joined" && this.#state.kind !== "reverting") return;
    const isRenewing = code === closeCodes.notAuthenticated && this.#options.host.renewToken(reason);
    if (isRenewing) return;
    if (this.#state.kind === "reverting" && code === closeCodes.deleted) this.#reversal.becomeEmpty();
    if (isPermanentClose(code)) return this.stop(code, reason);
    this.onError(new SynclineError("connection-failed", reason, { closeCode: code, reason }));
    this.#rest();
  }

  /** The socket stays: other documents use it, and this one is asked for again after a pause. */
  #rest(): void {
    const { timing, maxBackoffTime } = this.#options;
    const wasStable = timing.now() - this.#syncedAtMs >= stableAfterMs;
    this.#syncedAtMs = Infinity;
    this.#failures = wasStable ? 1 : this.#failures + 1;
    const delayMs = backoffMs(this.#failures, timing.random(), { baseMs: baseBackoffMs, capMs: maxBackoffTime });
    const cancel = timing.setTimer(() => {
      this.#become({ kind: "wanted" });
      this.#joinIfPossible();
    }, delayMs);
    this.#become({ kind: "resting", cancel });
  }

  #leave(): void {
    this.session.flush();
    this.#presence.sayGoodbye();
    if (this.#state.kind === "reverting") this.#state.session.leave();
    this.session.leave();
  }

  #become(state: MembershipState): void {
    if (this.#state.kind === "resting") this.#state.cancel();
    if (this.#state.kind === "reverting") this.#state.session.destroy();
    this.#state = state;
  }

  readonly tell: Face["tell"] = (name, ...args) => {
    for (const face of [...this.#faces]) face.tell(name, ...args);
  };
}

/** The server has another document of this name by now, or none. */
function isOtherDocument(code: number): boolean {
  return code === closeCodes.deleted || code === closeCodes.generationMismatch;
}

/** As Yjs makes them. */
function newClientId(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] as number;
}
