/**
 * Sends the local edits of one opening, numbered, and waits for their acks. While the server takes none it holds them
 * back: the ledger has them, and the answer to the next `opened` carries them all. Knows nothing of what comes down.
 */
import { closeCodes, mayWrite, type Ack, type Message, type Opened } from "@syncline/protocol";
import type * as Y from "yjs";
import { clockOf, encodeDiff, isEmpty } from "./content.js";
import { transferAllowanceMs } from "./heartbeat.js";
import type { AckOutcome, PendingLedger } from "./pending.js";
import type { Timing } from "./timing.js";

/** What sending needs of a connection. */
export interface UpdateChannel {
  /** The largest update the server takes, known once it has answered. */
  readonly maxUpdateBytes: number;
  send(messages: readonly Message[]): void;
}

export interface SenderOptions {
  readonly doc: Y.Doc;
  readonly ledger: PendingLedger;
  readonly timing: Timing;
  readonly channel: UpdateChannel;
  readonly room: number;
  /** `doc.clientID` as announced: acks report the clock of this id. */
  readonly clientId: number;
  /** An update the server would not take; it was not sent. */
  readonly onRejected: (update: Uint8Array, code: number, reason: string) => void;
  /** Edits may not have arrived, or acks would not tell: the document should be opened again. */
  readonly onDoubt: (reason: string) => void;
}

type SenderState =
  | "holding"
  /** A large update is being cut; what is made meanwhile waits. */
  | "splitting"
  | "sending"
  | "stopped";

/**
 * What a server checks at a glance is not delayed by what it has to try; and of one large update it may have to try all. An
 * update that cannot be cut may be as large as the server takes.
 */
const maxPieceBytes = 256 * 1024;

/** A live link and no ack for this long: something between here and the server lost the update. */
const ackTimeoutMs = 30_000;

export class UpdateSender {
  readonly #options: SenderOptions;
  #state: SenderState = "holding";
  /** Of the last update sent. */
  #lastN = 0;
  #isFlushDue = false;
  readonly #indivisible = new WeakSet<Uint8Array>();
  /** `undefined`: no ack is waited for. */
  #cancelAckTimer: (() => void) | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Sends what the server lacks; holds it back when the server takes none. */
  answer({ access: granted, stateVector }: Pick<Opened, "access" | "stateVector">): void {
    if (!mayWrite(granted)) return this.hold();
    if (this.#state === "stopped") return;
    this.#state = "sending";
    const { doc, ledger, clientId } = this.#options;
    // None in an opening that resumes: the server lacks what it did not acknowledge, and no more.
    const isResumed = stateVector.length === 0;
    if (!isResumed && !isEmpty(doc)) ledger.coverWith(encodeDiff(doc, stateVector), clientId, clockOf(doc, clientId));
    this.flush();
  }

  /** Sends nothing more, and expects no acks, until the next `answer`: later edits would lean on those held back. */
  hold(): void {
    if (this.#state !== "stopped") this.#state = "holding";
    this.#stopAwaitingAck();
  }

  /** For good. */
  stop(): void {
    this.hold();
    this.#state = "stopped";
  }

  /** An edit was made that the ledger has: it is sent with the others of this microtask. */
  add(): void {
    if (this.#isFlushDue) return;
    this.#isFlushDue = true;
    queueMicrotask(() => {
      this.#isFlushDue = false;
      this.flush();
    });
  }

  /** Sends the edits of this microtask now. */
  flush(): void {
    const { doc, ledger, clientId, onDoubt } = this.#options;
    for (let next = ledger.oldestUnsent; next && this.#state === "sending"; next = ledger.oldestUnsent) {
      // Acks report the clock of the announced id: they would prove nothing about edits under another.
      if (doc.clientID !== clientId) return onDoubt("the client id changed");
      if (next.length > this.#pieceBytes && !this.#indivisible.has(next)) return void this.#split(next);
      this.#send();
    }
  }

  acknowledge(ack: Ack): AckOutcome {
    const { ledger } = this.#options;
    const unackedBefore = ledger.unackedBytes;
    const outcome = ledger.acknowledged(ack);
    const isProgress = outcome.kind === "accepted" && outcome.received > 0;
    if (isProgress || ledger.unackedBytes < unackedBefore) this.#stopAwaitingAck();
    this.#awaitAck();
    return outcome;
  }

  get #pieceBytes(): number {
    return Math.min(maxPieceBytes, this.#options.channel.maxUpdateBytes);
  }

  #send(): void {
    const { ledger, channel, room, clientId } = this.#options;
    this.#lastN += 1;
    const { n, update } = ledger.send(this.#lastN, this.#pieceBytes, clientId);
    channel.send([{ type: "update", room, n, update }]);
    this.#awaitAck();
  }

  /** Cuts the oldest edits, which are too large for one message, and goes on with the pieces. */
  async #split(update: Uint8Array): Promise<void> {
    const { ledger, channel, onRejected, onDoubt } = this.#options;
    const { maxUpdateBytes } = channel;
    this.#state = "splitting";
    try {
      const { splitUpdate } = await import("./split-update.js");
      if (this.#state !== "splitting") return;
      // It was merged with what was made meanwhile, or replaced by the answer to a repeated opened.
      if (ledger.oldestUnsent !== update) {
        this.#state = "sending";
        return this.flush();
      }
      const pieces = splitUpdate(update, this.#pieceBytes);
      this.#state = "sending";
      const largest = Math.max(...pieces.map(({ length }) => length));
      if (largest > maxUpdateBytes) {
        const reason = `an edit of ${largest} bytes; the server takes ${maxUpdateBytes}`;
        return onRejected(update, closeCodes.tooLarge, reason);
      }
      for (const piece of pieces) this.#indivisible.add(piece);
      ledger.replaceOldest(pieces);
      this.flush();
    } catch (cause) {
      if (this.#state === "splitting") onDoubt(`a large edit could not be cut: ${cause}`);
    }
  }

  /** Runs from the oldest update that has no ack, however many follow it. */
  #awaitAck(): void {
    const { ledger, timing, onDoubt } = this.#options;
    if (this.#state !== "sending" || ledger.unackedBytes === 0 || this.#cancelAckTimer) return;
    const delayMs = ackTimeoutMs + transferAllowanceMs(ledger.unackedBytes);
    this.#cancelAckTimer = timing.setTimer(() => onDoubt("no ack came"), delayMs);
  }

  #stopAwaitingAck(): void {
    this.#cancelAckTimer?.();
    this.#cancelAckTimer = undefined;
  }
}
