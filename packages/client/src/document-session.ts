/**
 * One document on a connection: opens it, applies remote edits, weighs acks. Outlives the connections
 * it is opened on and keeps what must: the generation, and the ledger of edits. Several may share a connection: each
 * ignores messages that are not for it. Knows no sockets, and of presence only bytes.
 */
import { access, ackLevel, closeCodes, isPermanentClose, type Message, type Opened } from "@syncline/protocol";
import * as Y from "yjs";
import { accessLevel, type DocumentAccess } from "./access.js";
import { hasMoreThan, holds, isEmpty } from "./content.js";
import { SynclineError } from "./error.js";
import type { AckOutcome, PendingLedger } from "./pending.js";
import type { Timing } from "./timing.js";
import { UpdateSender, type UpdateChannel } from "./update-sender.js";

/** What a session needs of a connection. */
export interface DocumentChannel extends UpdateChannel {
  takeRequestId(): number;
}

export interface RejectedUpdate {
  /** As it was sent: a Yjs v1 update. It is in the local document, and nowhere else. */
  readonly update: Uint8Array;
  /** 4403 forbidden, 4413 too large, 4400 not understood. */
  readonly code: number;
  readonly reason: string;
}

export interface SessionHandlers {
  /** The server opened the document: presence may be sent. */
  onJoined(): void;
  /** Presence of others is no longer known. */
  onLeft(): void;
  onSynced(isSynced: boolean): void;
  onAccess(access: DocumentAccess): void;
  onPresence(update: Uint8Array): void;
  /** `pending` changed, by an edit or by what was acknowledged. */
  onProgress(progress: { readonly received: number; readonly durable: number }): void;
  onRejected(rejected: RejectedUpdate): void;
  /** The session cannot go on here. 44xx: for good; otherwise the connection should be made anew after a pause. */
  onEnded(code: number, reason: string): void;
  onError(error: SynclineError): void;
}

export interface SessionOptions {
  readonly doc: Y.Doc;
  readonly documentName: string;
  /** Origin of the transactions that apply remote updates; what has it is not sent back. */
  readonly origin: object;
  readonly ledger: PendingLedger;
  readonly timing: Timing;
}

/** Between an `open` and its answer. */
interface Asking {
  readonly kind: "opening";
  readonly channel: DocumentChannel;
  readonly requestId: number;
  readonly clientId: number;
}

/** Between an `opened` and whatever ends it. */
interface Opening {
  readonly kind: "open";
  readonly channel: DocumentChannel;
  readonly requestId: number;
  readonly room: number;
  readonly sender: UpdateSender;
  /** To a reader: the document brought nothing that the server lacked, and had no edits since. */
  isCovered: boolean;
  isSynced: boolean;
}

type SessionState = { readonly kind: "away" } | Asking | Opening;

/** Binding once something was written, by PROTOCOL.md: content of one generation is never merged into another. */
interface Generation {
  readonly id: string;
  readonly isBinding: boolean;
}

export class DocumentSession {
  readonly #options: SessionOptions;
  readonly #handlers: SessionHandlers;
  #state: SessionState = { kind: "away" };
  #generation: Generation = { id: "", isBinding: false };
  #access: DocumentAccess = { level: "write", reason: "" };
  #resyncsInARow = 0;

  constructor(options: SessionOptions, handlers: SessionHandlers) {
    this.#options = options;
    this.#handlers = handlers;
    const { doc, ledger } = options;
    if (!isEmpty(doc)) ledger.made({ byteCount: Y.encodeStateAsUpdate(doc).length, isOwn: false });
    doc.on("update", this.#onLocalUpdate);
  }

  get isSynced(): boolean {
    return this.#state.kind === "open" && this.#state.isSynced;
  }

  get access(): DocumentAccess {
    return this.#access;
  }

  /** Opens the document on a connection that is up. */
  join(channel: DocumentChannel): void {
    const { doc, documentName } = this.#options;
    const requestId = channel.takeRequestId();
    const clientId = doc.clientID;
    const generation = this.#generation.isBinding ? this.#generation.id : "";
    const have = { kind: "state-vector", stateVector: Y.encodeStateVector(doc) } as const;
    this.#state = { kind: "opening", channel, requestId, clientId };
    channel.send([{ type: "open", requestId, documentName, token: "", clientId, generation, have }]);
  }

  /** Sends what waits to be sent and tells the server that this client leaves. */
  leave(reason = ""): void {
    this.flush();
    if (this.#state.kind === "open") {
      this.#state.channel.send([{ type: "close", room: this.#state.room, code: 0, reason }]);
    }
    this.drop();
  }

  /** The connection is gone, or the document was left. What was not acknowledged will be sent by the next opening. */
  drop(): void {
    const before = this.#state;
    if (before.kind === "away") return;
    this.#state = { kind: "away" };
    this.#options.ledger.restart();
    if (before.kind !== "open") return;
    before.sender.stop();
    // What was only received counts as neither now.
    this.#handlers.onProgress({ received: 0, durable: 0 });
    this.#handlers.onLeft();
    if (before.isSynced) this.#handlers.onSynced(false);
  }

  destroy(): void {
    this.drop();
    this.#options.doc.off("update", this.#onLocalUpdate);
  }

  sendPresence(update: Uint8Array): void {
    if (this.#state.kind !== "open") return;
    this.#state.channel.send([{ type: "awareness", room: this.#state.room, update }]);
  }

  /** Sends the edits of this microtask now. */
  flush(): void {
    if (this.#state.kind === "open") this.#state.sender.flush();
  }

  /** Takes any message of the connection. */
  receive(message: Message): void {
    const state = this.#state;
    if (state.kind === "away") return;
    if (message.type === "opened" || message.type === "refused") {
      if (message.requestId !== state.requestId) return;
      return message.type === "opened" ? this.#onOpened(message) : this.#onEnded(message.code, message.reason);
    }
    if (state.kind !== "open" || !("room" in message) || message.room !== state.room) return;
    this.#receiveInRoom(state, message);
  }

  #receiveInRoom(opening: Opening, message: Message): void {
    switch (message.type) {
      case "update":
        this.#bindGeneration(message.n);
        return this.#apply(message.update);
      case "synced":
        this.#bindGeneration(message.seq);
        return this.#onSynced(opening);
      case "ack":
        if (message.level === ackLevel.durable) this.#bindGeneration(message.n);
        return this.#onAck(opening.sender.acknowledge(message));
      case "reject":
        return this.#reject(this.#options.ledger.updateSentAs(message.n), message.code, message.reason);
      case "awareness":
        return this.#handlers.onPresence(message.update);
      case "close":
        return this.#onEnded(message.code, message.reason);
      case "access":
        return this.#onAccess(opening, message.access, message.reason);
    }
  }

  #onOpened(opened: Opened): void {
    const state = this.#state;
    if (state.kind === "away") return;
    if (this.#generation.isBinding && opened.generation !== this.#generation.id) {
      return this.#onEnded(closeCodes.generationMismatch, "the document was replaced by another generation");
    }
    this.#generation = { id: opened.generation, isBinding: this.#generation.isBinding };
    this.#bindGeneration(opened.seq);
    const opening = state.kind === "open" ? state : this.#begin(state, opened);
    if (state !== opening) this.#handlers.onJoined();
    else opening.isCovered = false;
    this.#setAccess(opened.access, "");
    const { doc, ledger } = this.#options;
    // Nothing is sent then, and no ack comes.
    if (isEmpty(doc) && ledger.unackedBytes === 0) this.#onAck(ledger.confirm());
    opening.sender.answer(opened);
  }

  #begin({ channel, requestId, clientId }: Asking, { room, access: granted, stateVector }: Opened): Opening {
    const { doc, ledger } = this.#options;
    const sender = new UpdateSender({
      ...this.#options,
      channel,
      room,
      clientId,
      onRejected: (update, code, reason) => this.#reject(update, code, reason),
      onDoubt: (reason) => this.#resync(reason),
    });
    const isCovered = granted !== access.write && !ledger.hasOwnUnsentEdits && !hasMoreThan(doc, stateVector);
    const opening: Opening = { kind: "open", channel, requestId, room, sender, isCovered, isSynced: false };
    this.#state = opening;
    return opening;
  }

  #onAccess(opening: Opening, granted: number, reason: string): void {
    opening.isCovered = false;
    if (granted !== access.write) opening.sender.hold();
    this.#setAccess(granted, reason);
  }

  #setAccess(granted: number, reason: string): void {
    const level = accessLevel(granted);
    if (level === this.#access.level && reason === this.#access.reason) return;
    this.#access = { level, reason };
    this.#handlers.onAccess(this.#access);
  }

  #onAck(outcome: AckOutcome): void {
    if (outcome.kind === "contradicted") return this.#resync("an ack does not cover the edits it should");
    if (outcome.durable > 0) this.#resyncsInARow = 0;
    if (outcome.received > 0 || outcome.durable > 0) this.#handlers.onProgress(outcome);
  }

  #onSynced(opening: Opening): void {
    if (opening.isSynced) return;
    opening.isSynced = true;
    this.#handlers.onSynced(true);
    // A reader gets no acks. The server has all of this and has not said that it cannot write.
    if (this.#state === opening && opening.isCovered) this.#onAck(this.#options.ledger.confirm());
  }

  #apply(update: Uint8Array): void {
    const { doc, origin } = this.#options;
    try {
      Y.applyUpdate(doc, update, origin);
    } catch (cause) {
      this.#handlers.onError(new SynclineError("apply-failed", "A remote update could not be applied", { cause }));
      // Yjs applies first and calls observers then: when the content is here it was an observer that threw.
      if (!holds(doc, update)) this.#resync("an update could not be applied");
    }
  }

  #reject(update: Uint8Array | undefined, code: number, reason: string): void {
    this.#handlers.onRejected({ update: update ?? new Uint8Array(), code, reason });
    // All later edits lean on this one; not even a code that reads as transient makes the server take it.
    this.#onEnded(isPermanentClose(code) ? code : closeCodes.forbidden, reason);
  }

  #onEnded(code: number, reason: string): void {
    this.drop();
    this.#handlers.onEnded(code, reason);
  }

  /** Leaves and opens again; when that did not help the last time either, over a new connection after a pause. */
  #resync(reason: string): void {
    const state = this.#state;
    if (state.kind !== "open") return;
    this.#resyncsInARow += 1;
    if (this.#resyncsInARow > 1) return this.#onEnded(closeCodes.gap, reason);
    state.channel.send([{ type: "close", room: state.room, code: 0, reason }]);
    this.drop();
    this.join(state.channel);
  }

  #bindGeneration(seq: number): void {
    if (seq > 0) this.#generation = { id: this.#generation.id, isBinding: true };
  }

  readonly #onLocalUpdate = (update: Uint8Array, origin: unknown, _: Y.Doc, transaction: Y.Transaction): void => {
    if (origin === this.#options.origin) return;
    this.#options.ledger.made({ byteCount: update.length, isOwn: transaction.local });
    if (this.#state.kind === "open") {
      this.#state.isCovered = false;
      this.#state.sender.add(update);
    }
    this.#handlers.onProgress({ received: 0, durable: 0 });
  };
}
