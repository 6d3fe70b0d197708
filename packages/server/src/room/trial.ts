/**
 * Heavy updates: they are applied to the real document in a worker that can be killed before they enter the log, because
 * a sound update can still cost every replica minutes. What its author sends meanwhile waits its turn; others do not.
 */
import { closeCodes } from "@syncline/protocol";
import { messageOf } from "../error.js";
import { isDamage } from "./damage.js";
import { isStaleSnapshot } from "./history.js";
import type { Log } from "./log.js";
import { updatesOf } from "./log.js";
import type { Member, Submission } from "./member.js";
import type { RoomServices } from "./services.js";

/** A snapshot that is replaced while it is being read is read again. */
const maxAttempts = 3;

export class Trials {
  /** Unique to this room while it is loaded. */
  readonly #documentKey: string;
  readonly #log: Log;
  readonly #services: RoomServices;
  readonly #onDamage: (error: Error) => void;
  #runningCount = 0;
  #isEnded = false;
  /** The state that the worker's document has from the last trial, and how far into the log that was. */
  #last: { readonly version: number; readonly seq: number } | undefined;

  /** @param onDamage something of the document cannot be read */
  constructor(documentKey: string, log: Log, services: RoomServices, onDamage: (error: Error) => void) {
    this.#documentKey = documentKey;
    this.#log = log;
    this.#services = services;
    this.#onDamage = onDamage;
  }

  get isIdle(): boolean {
    return this.#runningCount === 0;
  }

  /**
   * Tries `submission`, calls `passed` with what is left of it if it stands the trial, and then hands what its author
   * sent meanwhile to `next`, one by one. An author who has left is served all the same: what it sent was received.
   */
  async run(
    member: Member,
    submission: Submission,
    { passed, next }: { passed: (s: Submission) => void; next: (s: Submission) => void },
  ): Promise<void> {
    const held = { ...submission, update: submission.update.slice() };
    member.waiting = [];
    const readOn = member.channel.holdReading();
    this.#runningCount += 1;
    try {
      const update = await this.#try(held.update);
      // What it builds upon may have been dropped with the room. The client comes back and sends it again.
      if (this.#isEnded) return;
      if (update instanceof Uint8Array) passed({ ...held, update });
      else this.#failed(member, update.refused);
      this.#resume(member, next);
    } catch (thrown) {
      this.#services.logger.error({ error: messageOf(thrown) }, "a heavy update could not be tried");
      member.waiting = undefined;
      member.channel.leave(closeCodes.internalError, "an update could not be checked; come back and send it again");
      if (isDamage(thrown)) this.#onDamage(thrown);
    } finally {
      this.#runningCount -= 1;
      readOn();
    }
  }

  /** The room is out of use: verdicts mean nothing any more. Drops what the worker keeps of this document. */
  end(): void {
    this.#isEnded = true;
    if (this.#last) this.#services.workers.forget(this.#documentKey);
  }

  #failed(member: Member, refused: string): void {
    this.#services.logger.warn({ documentKey: this.#documentKey, refused }, "a heavy update was refused");
    member.waiting = [];
    member.channel.leave(closeCodes.protocolError, `an update was refused: ${refused}`);
  }

  #resume(member: Member, next: (submission: Submission) => void): void {
    const waiting = member.waiting ?? [];
    member.waiting = undefined;
    for (const submission of waiting) next(submission);
  }

  async #try(update: Uint8Array): Promise<Uint8Array | { readonly refused: string }> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#tryOnce(update);
      } catch (thrown) {
        if (!isStaleSnapshot(thrown) || attempt === maxAttempts) throw thrown;
      }
    }
  }

  async #tryOnce(update: Uint8Array): Promise<Uint8Array | { readonly refused: string }> {
    const last = this.#last;
    const { version, history, contents } = this.#log;
    this.#last = { version, seq: history.seq };
    const result = await this.#services.workers.trial({
      documentKey: this.#documentKey,
      version,
      piecesSince: (known) => this.#piecesAfter(known !== null && known === last?.version ? last.seq : undefined),
      stateVector: contents.stateVector.encode(),
      update,
    });
    return result.kind === "accepted" ? result.update : { refused: `${result.reason}: ${result.detail}` };
  }

  /** Everything admitted, or what of it came after the record `seq`; the last of it is read in one turn. */
  async *#piecesAfter(seq: number | undefined): AsyncIterable<Uint8Array> {
    const { history } = this.#log;
    const { coveredSeq } = history.pointer;
    // What was folded into a snapshot since is read from there; what the worker knows already it ignores.
    const isCovered = seq === undefined || seq < coveredSeq;
    const from = isCovered ? coveredSeq : seq;
    if (isCovered) yield* history.segments();
    for await (const record of history.recordsSince(from)) yield* record.updates;
    yield* updatesOf(this.#log.unsettled);
  }
}
