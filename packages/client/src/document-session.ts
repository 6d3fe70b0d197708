/**
 * One document on a connection: opens it, sends local edits, applies remote ones, weighs acks. Outlives the connections
 * it is opened on and keeps what must: the generation, and the ledger of edits. Several may share a connection: each
 * ignores messages that are not for it. Knows no sockets, and of presence only bytes.
 */
import {
  access,
  ackLevel,
  closeCodes,
  isPermanentClose,
  type Ack,
  type Message,
  type Opened,
} from "@syncline/protocol";
import * as Y from "yjs";
import { clockOf, encodeDiff, hasMoreThan, holds, isEmpty } from "./content.js";
import { SynclineError } from "./error.js";
import { transferAllowanceMs } from "./heartbeat.js";
import type { AckOutcome, PendingLedger } from "./pending.js";
import type { Timing } from "./timing.js";
import { UpdateBatch, type MergedUpdate } from "./update-batch.js";

/** What a session needs of a connection. */
export interface DocumentChannel {
  /** The largest update the server takes, known once it has answered. */
  readonly maxUpdateBytes: number;
  takeRequestId(): number;
  send(messages: readonly Message[]): void;
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

/** Between an `opened` and whatever ends it. */
interface Opening {
  readonly kind: "open";
  readonly channel: DocumentChannel;
  readonly requestId: number;
  /** `doc.clientID` as announced: acks report the clock of this id. */
  readonly clientId: number;
  readonly room: number;
  /** Of the last update sent. */
  lastN: number;
  isSynced: boolean;
}

type SessionState =
  | { readonly kind: "away" }
  | {
      readonly kind: "opening";
      readonly channel: DocumentChannel;
      readonly requestId: number;
      readonly clientId: number;
    }
  | Opening;

/** Binding once something was written, by PROTOCOL.md: content of one generation is never merged into another. */
interface Generation {
  readonly id: string;
  readonly isBinding: boolean;
}

/** A live link and no ack for this long: something between here and the server lost the update. */
const ackTimeoutMs = 30_000;

export class DocumentSession {
  readonly #options: SessionOptions;
  readonly #handlers: SessionHandlers;
  readonly #batch = new UpdateBatch();
  #state: SessionState = { kind: "away" };
  #generation: Generation = { id: "", isBinding: false };
  #resyncsInARow = 0;
  /** `undefined`: nothing sent waits for an ack. */
  #cancelAckTimer: (() => void) | undefined;

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
    this.#batch.clear();
    this.#stopAwaitingAck();
    this.#options.ledger.restart();
    if (before.kind !== "open") return;
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
    if (this.#state.kind !== "open" || this.#batch.isEmpty) return;
    if (this.#options.doc.clientID !== this.#state.clientId) {
      // Acks report the clock of the announced id: they would prove nothing about edits under another.
      return this.#resync("the client id changed");
    }
    const merged = this.#batch.take();
    if (merged) this.#sendUpdate(this.#state, merged);
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
        return this.#acknowledge(message);
      case "reject":
        return this.#reject(this.#options.ledger.updateSentAs(message.n), message.code, message.reason);
      case "awareness":
        return this.#handlers.onPresence(message.update);
      case "close":
        return this.#onEnded(message.code, message.reason);
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
    const isRepeated = state.kind === "open";
    const opening: Opening = isRepeated
      ? state
      : { ...state, kind: "open", room: opened.room, lastN: 0, isSynced: false };
    this.#state = opening;
    if (!isRepeated) this.#handlers.onJoined();
    this.#sendWhatIsMissing(opening, opened);
  }

  #sendWhatIsMissing(opening: Opening, opened: Opened): void {
    const { doc, ledger } = this.#options;
    // The diff holds what the batch holds.
    this.#batch.clear();
    // A reader who sends anything is thrown out: only edits that would otherwise be lost in silence are worth it.
    const isReader = opened.access < access.write;
    const isSilentReader = isReader && !ledger.hasOwnUnsentEdits && !hasMoreThan(doc, opened.stateVector);
    if (ledger.unackedBytes === 0 && (isEmpty(doc) || isSilentReader)) return this.#onAck(ledger.confirm());
    const update = encodeDiff(doc, opened.stateVector);
    this.#sendUpdate(opening, { update, clock: clockOf(doc, opening.clientId) });
  }

  #sendUpdate(opening: Opening, { update, clock }: MergedUpdate): void {
    const { channel, room } = opening;
    if (update.length > channel.maxUpdateBytes) {
      const reason = `an edit of ${update.length} bytes; the server takes ${channel.maxUpdateBytes}`;
      return this.#reject(update, closeCodes.tooLarge, reason);
    }
    opening.lastN += 1;
    this.#options.ledger.sent({ n: opening.lastN, clock, update });
    channel.send([{ type: "update", room, n: opening.lastN, update }]);
    this.#awaitAck();
  }

  #acknowledge(ack: Ack): void {
    const { ledger } = this.#options;
    const unackedBefore = ledger.unackedBytes;
    const outcome = ledger.acknowledged(ack);
    const isProgress = outcome.kind === "accepted" && outcome.received > 0;
    if (isProgress || ledger.unackedBytes < unackedBefore) this.#stopAwaitingAck();
    this.#onAck(outcome);
  }

  #onAck(outcome: AckOutcome): void {
    if (outcome.kind === "contradicted") return this.#resync("an ack does not cover the edits it should");
    this.#awaitAck();
    if (outcome.durable > 0) this.#resyncsInARow = 0;
    if (outcome.received > 0 || outcome.durable > 0) this.#handlers.onProgress(outcome);
  }

  /** Runs from the oldest update that has no ack, however many follow it. */
  #awaitAck(): void {
    const { unackedBytes } = this.#options.ledger;
    if (unackedBytes === 0 || this.#cancelAckTimer) return;
    const delayMs = ackTimeoutMs + transferAllowanceMs(unackedBytes);
    this.#cancelAckTimer = this.#options.timing.setTimer(() => this.#resync("no ack came"), delayMs);
  }

  #stopAwaitingAck(): void {
    this.#cancelAckTimer?.();
    this.#cancelAckTimer = undefined;
  }

  #onSynced(opening: Opening): void {
    if (opening.isSynced) return;
    opening.isSynced = true;
    this.#handlers.onSynced(true);
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
    if (this.#state.kind === "open") this.#addToBatch(this.#state, update);
    this.#handlers.onProgress({ received: 0, durable: 0 });
  };

  #addToBatch(opening: Opening, update: Uint8Array): void {
    if (this.#batch.bytes + update.length > opening.channel.maxUpdateBytes) this.flush();
    if (this.#state !== opening) return;
    if (this.#batch.isEmpty) queueMicrotask(() => this.flush());
    this.#batch.add(update, clockOf(this.#options.doc, opening.clientId));
  }
}
