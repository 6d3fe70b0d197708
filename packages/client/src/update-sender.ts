/**
 * Sends the local edits of one opening, numbered, and waits for their acks. While the server takes none it holds them
 * back: the document and the ledger have them, and the answer to the next `opened` carries them all. Knows nothing of
 * what comes down.
 */
import { access, closeCodes, type Ack, type Message, type Opened } from "@syncline/protocol";
import type * as Y from "yjs";
import { clockOf, encodeDiff, isEmpty } from "./content.js";
import { transferAllowanceMs } from "./heartbeat.js";
import type { AckOutcome, PendingLedger } from "./pending.js";
import type { Timing } from "./timing.js";
import { UpdateBatch, type MergedUpdate } from "./update-batch.js";

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

/** A live link and no ack for this long: something between here and the server lost the update. */
const ackTimeoutMs = 30_000;

export class UpdateSender {
  readonly #options: SenderOptions;
  readonly #batch = new UpdateBatch();
  #state: "holding" | "sending" | "stopped" = "holding";
  /** Of the last update sent. */
  #lastN = 0;
  /** `undefined`: no ack is waited for. */
  #cancelAckTimer: (() => void) | undefined;

  constructor(options: SenderOptions) {
    this.#options = options;
  }

  /** Sends what the server lacks, as one update; holds it back when the server takes none. */
  answer(opened: Opened): void {
    const { doc, clientId } = this.#options;
    if (opened.access !== access.write) return this.hold();
    if (this.#state === "stopped") return;
    this.#state = "sending";
    // The diff holds what the batch holds.
    this.#batch.clear();
    if (!isEmpty(doc)) this.#send({ update: encodeDiff(doc, opened.stateVector), clock: clockOf(doc, clientId) });
  }

  /** Sends nothing more, and expects no acks, until the next `answer`: later edits would lean on those held back. */
  hold(): void {
    if (this.#state === "sending") this.#state = "holding";
    this.#batch.clear();
    this.#stopAwaitingAck();
  }

  /** For good. */
  stop(): void {
    this.hold();
    this.#state = "stopped";
  }

  /** Takes an edit that is in the document, and sends it with the others of this microtask. */
  add(update: Uint8Array): void {
    const { doc, channel, clientId } = this.#options;
    if (this.#batch.bytes + update.length > channel.maxUpdateBytes) this.flush();
    if (this.#state !== "sending") return;
    if (this.#batch.isEmpty) queueMicrotask(() => this.flush());
    this.#batch.add(update, clockOf(doc, clientId));
  }

  /** Sends the edits of this microtask now. */
  flush(): void {
    const merged = this.#batch.take();
    if (merged) this.#send(merged);
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

  #send({ update, clock }: MergedUpdate): void {
    const { doc, ledger, channel, room, clientId, onDoubt, onRejected } = this.#options;
    // Acks report the clock of the announced id: they would prove nothing about edits under another.
    if (doc.clientID !== clientId) return onDoubt("the client id changed");
    if (update.length > channel.maxUpdateBytes) {
      const reason = `an edit of ${update.length} bytes; the server takes ${channel.maxUpdateBytes}`;
      return onRejected(update, closeCodes.tooLarge, reason);
    }
    this.#lastN += 1;
    ledger.sent({ n: this.#lastN, clock, update });
    channel.send([{ type: "update", room, n: this.#lastN, update }]);
    this.#awaitAck();
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
