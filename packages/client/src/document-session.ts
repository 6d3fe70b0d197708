/**
 * One document on a connection: opens it, applies remote edits, weighs acks. Outlives the connections
 * it is opened on and keeps what must: its position in the document's log, what was refused, and the ledger of edits.
 * Several may share a connection: each ignores messages that are not for it. Knows no sockets, and of presence only bytes.
 */
import {
  ackLevel,
  closeCodes,
  mayWrite,
  type AccessMessage,
  type Have,
  type Message,
  type Opened,
  type Reject,
} from "@syncline/protocol";
import * as Y from "yjs";
import { accessLevel, areEqual, type DocumentAccess, isSameRight, isWritable, rootsIn } from "./access.js";
import { eventMessage, payloadOf } from "./application-event.js";
import { clockOf, hasDeletedMoreThan, hasMoreThan, isEmpty } from "./content.js";
import { SynclineError } from "./error.js";
import type { RejectedUpdate } from "./rejected-update.js";
import type { LogPosition } from "./local-copy.js";
import type { AckOutcome } from "./pending.js";
import { tellProgress } from "./save-progress.js";
import type { DocumentChannel, SessionOptions } from "./session-options.js";
import type { Asking, Opening, SessionState } from "./opening.js";
import { RemoteContent } from "./remote-content.js";
import { Standing } from "./standing.js";
import { UpdateSender } from "./update-sender.js";

export class DocumentSession {
  readonly #options: SessionOptions;
  #state: SessionState = { kind: "away" };
  readonly #content: RemoteContent;
  readonly #standing = new Standing();
  #access: DocumentAccess = { level: "write", reason: "", roots: undefined };
  /** Since then nothing is sent: later edits lean on what the server does not take. */
  #rejected: RejectedUpdate | undefined;
  /** What this client was allowed when that was refused. */
  #refusedUnder: DocumentAccess = this.#access;
  #resyncsInARow = 0;

  constructor(options: SessionOptions) {
    const { doc, ledger } = options;
    this.#options = options;
    this.#content = new RemoteContent(doc, options.origin);
    if (!isEmpty(doc)) {
      ledger.made({ byteCount: Y.encodeStateAsUpdate(doc).length, isOwn: false, clientId: 0, clock: 0 });
    }
    doc.on("update", this.#onLocalUpdate);
  }

  /** Of content that was read from elsewhere, before the document is first opened. */
  startFrom(position: LogPosition): void {
    this.#standing.startFrom(position);
  }

  /** One update of all that is not known to be saved: the pending edits, or the whole document where that is not known. */
  exportUnsaved(): Uint8Array {
    const { doc, ledger } = this.#options;
    return (ledger.isComplete && ledger.export()) || Y.encodeStateAsUpdate(doc);
  }

  /** Where in the log the document stands; its generation is `""` while content of any may be merged with it. */
  get position(): LogPosition {
    return this.#standing.position;
  }

  /** What the document's content is of; `""` while any may be merged with it. To others while it is open: what it was opened as. */
  get generation(): string {
    return this.#state.kind === "open" ? this.#standing.openedAs : this.#standing.generation;
  }

  get isSynced(): boolean {
    return this.#state.kind === "open" && this.#state.isSynced;
  }

  get access(): DocumentAccess {
    return this.#access;
  }

  /** What the server refused, until it is reverted or taken after all. */
  get rejected(): RejectedUpdate | undefined {
    return this.#rejected;
  }

  /** Opens the document on a connection that is up. */
  join(channel: DocumentChannel): void {
    const { doc, documentName, ledger } = this.#options;
    // Nothing of the former generation is left: any may come in its place.
    if (isEmpty(doc) && !ledger.hasUnsentEdits) this.#standing.startFrom({ generation: "", seq: 0 });
    const requestId = channel.takeRequestId();
    const { clientID: clientId } = doc;
    const have = this.#have();
    this.#state = { kind: "opening", channel, requestId, clientId };
    channel.send([
      { type: "open", requestId, documentName, token: "", clientId, generation: this.#standing.generation, have },
    ]);
  }

  #have(): Have {
    const { doc, ledger } = this.#options;
    const { seq } = this.#standing;
    if (seq > 0 && ledger.isComplete) return { kind: "resume", seq };
    return { kind: "state-vector", stateVector: Y.encodeStateVector(doc) };
  }

  /**
   * The document has been given other content, all of which the server has: what was rejected is gone, and what was
   * pending.
   */
  replaced(position: LogPosition): void {
    this.#rejected = undefined;
    this.#standing.startFrom(position);
    this.#options.ledger.forget();
    this.#progressed();
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
    const { ledger, presence } = this.#options;
    const before = this.#state;
    if (before.kind === "away") return;
    this.#state = { kind: "away" };
    ledger.restart();
    if (before.kind !== "open") return;
    before.sender.stop();
    // What was only received counts as neither now.
    this.#progressed();
    presence().forgetOthers();
    if (before.isSynced) this.#synced(false);
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

  /** Tells the other members' applications. Lost while the document is not open. @throws {SynclineError} `invalid-option` */
  sendEvent(payload: Uint8Array | string): void {
    const state = this.#state;
    if (state.kind === "open") state.channel.send([eventMessage(state.room, payload)]);
  }

  /** Takes any message of the connection. */
  receive(message: Message): void {
    const state = this.#state;
    if (state.kind === "away") return;
    if (message.type === "opened") return message.requestId === state.requestId ? this.#onOpened(message) : undefined;
    if (message.type === "refused") {
      return message.requestId === state.requestId ? this.#onRefused(state, message.code, message.reason) : undefined;
    }
    if (state.kind !== "open" || !("room" in message) || message.room !== state.room) return;
    this.#receiveInRoom(state, message);
  }

  #receiveInRoom(opening: Opening, message: Message): void {
    switch (message.type) {
      case "update":
        return this.#onUpdate(opening, message.n, message.update);
      case "synced":
        return this.#onSynced(opening, message.seq);
      case "ack":
        this.#onAck(opening.sender.acknowledge(message));
        // The document has what it was sent and what it wrote.
        if (message.level !== ackLevel.durable) return;
        return this.#advance(opening, message.seq, message.clock);
      case "reject":
        return this.#onReject(message);
      case "awareness":
        return this.#options.presence().apply(message.update);
      case "event":
        return this.#options.tell("event", payloadOf(message));
      case "close":
        return this.#onEnded(message.code, message.reason);
      case "access":
        return this.#onAccess(opening, message);
    }
  }

  #onRefused({ channel }: Asking | Opening, code: number, reason: string): void {
    if (code !== closeCodes.cannotResume || this.#standing.seq === 0) return this.#onEnded(code, reason);
    this.#standing.doubt();
    this.join(channel);
  }

  #onOpened(opened: Opened): void {
    const state = this.#state;
    if (state.kind === "away") return;
    if (!this.#standing.accepts(opened.generation, opened.seq)) {
      return this.#onEnded(closeCodes.generationMismatch, "the document was replaced by another generation");
    }
    const opening = state.kind === "open" ? state : this.#begin(state, opened);
    if (state !== opening) this.#options.presence().announce();
    else opening.isCovered = false;
    // Why is said by `access` alone: what was said stands while the level does.
    const level = accessLevel(opened.access);
    const isAsBefore = state === opening && level === this.#access.level;
    this.#setAccess(isAsBefore ? this.#access : { level, reason: "", roots: this.#rootsWith(level) });
    const { doc, ledger } = this.#options;
    // Nothing is sent then, and no ack comes.
    if (isEmpty(doc) && ledger.unackedBytes === 0) this.#onAck(ledger.confirm());
    if (state !== opening || !isSameRight(this.#access, this.#refusedUnder)) this.#pardonForbidden();
    if (this.#rejected) return opening.sender.hold();
    opening.sender.answer(opened);
  }

  /** Said by the message that follows: until then, what was said of the level the last time. */
  #rootsWith(level: DocumentAccess["level"]): DocumentAccess["roots"] {
    return level === this.#access.level ? this.#access.roots : undefined;
  }

  /** What was refused for lack of a right is sent once more. */
  #pardonForbidden(): void {
    if (this.#rejected?.code !== closeCodes.forbidden || !isWritable(this.#access)) return;
    this.#rejected = undefined;
    this.#options.ledger.revive();
    this.#progressed();
  }

  #begin({ channel, requestId, clientId }: Asking, opened: Opened): Opening {
    const { doc, ledger } = this.#options;
    const { room, access: granted, stateVector } = opened;
    const sender = new UpdateSender({
      ...this.#options,
      channel,
      room,
      clientId,
      onRejected: (update, code, reason) => this.#reject({ update, code, reason }),
      onDoubt: (reason) => this.#resync(reason),
    });
    const isResumed = stateVector.length === 0;
    const isCovered = !mayWrite(granted) && !isResumed && !ledger.hasOwnUnsentEdits && !hasMoreThan(doc, stateVector);
    const opening: Opening = {
      kind: "open",
      channel,
      requestId,
      room,
      sender,
      isResumed,
      isCovered,
      isSynced: false,
      arrived: [],
    };
    this.#state = opening;
    return opening;
  }

  #onAccess(opening: Opening, { access: granted, reason, roots }: AccessMessage): void {
    opening.isCovered = false;
    if (!mayWrite(granted)) opening.sender.hold();
    this.#setAccess({ level: accessLevel(granted), reason, roots: rootsIn(roots) });
    this.#rejectForReader(opening);
  }

  /**
   * Who may only read, and not because of the server's trouble, is told at the first edit that it stays here. Before
   * `synced` it is not known which it is.
   */
  #rejectForReader({ isSynced }: Opening): void {
    const { reason } = this.#access;
    if (isWritable(this.#access) || reason !== "" || this.#rejected || !isSynced) return;
    if (!this.#options.ledger.hasUnsentEdits) return;
    this.#reject({
      update: this.exportUnsaved(),
      code: closeCodes.forbidden,
      reason: "you may read this document, not write it",
    });
  }

  #setAccess(access: DocumentAccess): void {
    if (areEqual(access, this.#access)) return;
    this.#access = access;
    this.#options.tell("access", access);
  }

  #onAck(outcome: AckOutcome): void {
    if (outcome.kind === "contradicted") return this.#resync("an ack does not cover the edits it should");
    if (outcome.durable > 0) this.#resyncsInARow = 0;
    if (outcome.received > 0 || outcome.durable > 0) this.#progressed(outcome);
  }

  #onSynced(opening: Opening, seq: number): void {
    if (opening.isSynced) return;
    const arrived = opening.arrived.splice(0);
    if (!this.#apply(arrived) || this.#state !== opening) return;
    opening.isSynced = true;
    this.#advance(opening, seq);
    this.#synced(true);
    // A reader gets no acks. The server has all of this and has not said that it cannot write.
    const { doc, ledger } = this.#options;
    const isCovered = this.#state === opening && opening.isCovered && !hasDeletedMoreThan(doc, arrived);
    if (isCovered) this.#onAck(ledger.confirm());
    if (this.#state === opening) this.#rejectForReader(opening);
    // What was missed leans on something that is not here: the position was wrong, as after a backup was restored.
    const leansOnMissing = opening.isResumed && doc.store.pendingStructs;
    if (this.#state === opening && leansOnMissing) this.#resync("what came after the resume leans on what did not");
  }

  #onUpdate(opening: Opening, n: number, update: Uint8Array): void {
    if (!opening.isSynced) opening.arrived.push(update);
    else if (!this.#apply([update])) return;
    this.#advance(opening, n);
  }

  /**
   * Before `synced` a seq says nothing about what else the document has. Where it is 0 the clock of an ack tells whether anything
   * was written: an update that said nothing is acknowledged, too.
   */
  #advance(opening: Opening, seq: number, clock = seq): void {
    if (this.#state !== opening) return;
    const standing = this.#standing;
    const isBound = clock > 0 && standing.bind();
    const isFurther = opening.isSynced && standing.advance(seq);
    if (isBound || isFurther) this.#options.onPosition(standing.position);
  }

  /** Whether the document has them now, and nothing is in doubt; otherwise it is opened again. */
  #apply(updates: readonly Uint8Array[]): boolean {
    const { ledger, tell } = this.#options;
    const applied = this.#content.apply(updates);
    if ("thrown" in applied) {
      const error = new SynclineError("apply-failed", "A remote update, or an observer, failed", {
        cause: applied.thrown,
      });
      tell("connection-error", error, undefined);
    }
    if (applied.kind === "applied") return true;
    // Whether the server has those is to be found out.
    if (applied.kind === "brought-others") ledger.made({ byteCount: 0, isOwn: false, clientId: 0, clock: 0 });
    this.#resync(applied.kind);
    return false;
  }

  #onReject({ n, code, reason }: Reject): void {
    const update = this.#options.ledger.rejected(n);
    // What was taken back meanwhile is gone, or travels under a later n and is answered under that.
    if (update) this.#reject({ update, code, reason });
  }

  /** Reading goes on; nothing is sent any more, for all later edits lean on this one. */
  #reject(rejected: RejectedUpdate): void {
    if (this.#rejected) return;
    this.#rejected = rejected;
    this.#refusedUnder = this.#access;
    if (this.#state.kind === "open") this.#state.sender.hold();
    const { code: closeCode, reason } = rejected;
    this.#options.ledger.fail(new SynclineError("rejected", `An edit was rejected: ${reason}`, { closeCode, reason }));
    this.#options.tell("rejected", rejected);
  }

  #onEnded(code: number, reason: string): void {
    this.drop();
    const { doc } = this.#options;
    const isOther = code === closeCodes.deleted || code === closeCodes.generationMismatch;
    if (isOther && !isEmpty(doc)) this.#reject({ update: Y.encodeStateAsUpdate(doc), code, reason });
    this.#options.onEnded(code, reason);
  }

  /** Leaves and opens again; when that did not help the last time either, after a pause. */
  #resync(reason: string): void {
    const state = this.#state;
    if (state.kind !== "open") return;
    this.#standing.doubt();
    this.#resyncsInARow += 1;
    if (this.#resyncsInARow > 1) return this.#onEnded(closeCodes.gap, reason);
    state.channel.send([{ type: "close", room: state.room, code: 0, reason }]);
    this.drop();
    this.join(state.channel);
  }

  readonly #onLocalUpdate = (update: Uint8Array, origin: unknown, _: Y.Doc, transaction: Y.Transaction): void => {
    const { doc, ledger, origin: own } = this.#options;
    if (origin === own) return;
    // Yjs tidies formatting, and observers answer: to who may not write that is no edit of theirs, and nothing to refuse.
    if (this.#content.isApplying && !isWritable(this.#access)) return;
    const { clientID: clientId } = doc;
    const edit = { update, byteCount: update.length, isOwn: transaction.local };
    ledger.made({ ...edit, clientId, clock: clockOf(doc, clientId) });
    if (this.#state.kind === "open") {
      this.#state.isCovered = false;
      this.#state.sender.add();
      this.#rejectForReader(this.#state);
    }
    this.#progressed();
  };

  #synced(isSynced: boolean): void {
    this.#options.tell("synced", isSynced);
    this.#options.tell("sync", isSynced);
  }

  /** `pending` changed, by an edit or by what was acknowledged. */
  #progressed(by?: { readonly received: number; readonly durable: number }): void {
    tellProgress(this.#options.tell, this.#options.ledger, by);
  }
}
