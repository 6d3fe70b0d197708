/**
 * Updates that a worker, which has the real document, judges before they enter the log. What its author sends meanwhile waits
 * its turn; others do not. What is judged is the judge's: see `applies` below and partial-writes.ts.
 */
import { closeCodes } from "@syncline/protocol";
import { messageOf } from "../error.js";
import type { RootCheckRequest, ScanOutcome } from "../worker/jobs.js";
import { isDamage } from "./damage.js";
import { isStaleSnapshot } from "./history.js";
import { type Log, ownBytes } from "./log.js";
import type { Member, Submission } from "./member.js";
import type { RoomServices } from "./services.js";

/** The document as everything admitted makes it, and how a worker gets it. */
export type JudgedDocument = Pick<RootCheckRequest, "documentKey" | "version" | "piecesSince"> & {
  readonly stateVector: Uint8Array;
};

export type Verdict =
  /** With what is left of the update, and what was found in that. */
  | { readonly kind: "passed"; readonly update: Uint8Array; readonly scan?: ScanOutcome }
  /** It is not taken; its author goes on. */
  | { readonly kind: "declined"; readonly reason: string }
  /** No client that runs Yjs sends it: its author is closed. */
  | { readonly kind: "refused"; readonly reason: string };

export type Judge = (submission: Submission, document: JudgedDocument) => Promise<Verdict>;

export interface TrialsOptions {
  /** Unique to these trials while their room is loaded. */
  readonly documentKey: string;
  readonly log: Log;
  readonly services: Pick<RoomServices, "workers" | "logger">;
  readonly judge: Judge;
  /** Something of the document cannot be read. */
  readonly onDamage: (error: Error) => void;
}

export interface TrialOutcome {
  readonly passed: (submission: Submission) => void;
  readonly declined?: (reason: string) => void;
  /** Something that its author sent meanwhile, one by one. */
  readonly next: (submission: Submission) => void;
}

/** A snapshot that is replaced while it is being read is read again. */
const maxAttempts = 3;

export class Trials {
  readonly #options: TrialsOptions;
  #runningCount = 0;
  #isEnded = false;
  /** The state that the worker's document has from the last trial, and how far into the log that was. */
  #last: { readonly version: number; readonly seq: number } | undefined;

  constructor(options: TrialsOptions) {
    this.#options = options;
  }

  get isIdle(): boolean {
    return this.#runningCount === 0;
  }

  /** An author who has left is served all the same: what it sent was received. */
  async run(member: Member, submission: Submission, outcome: TrialOutcome): Promise<void> {
    const held = { ...submission, update: ownBytes(submission.update) };
    member.waiting = [];
    const readOn = member.channel.holdReading();
    this.#runningCount += 1;
    try {
      const verdict = await this.#try(held);
      // What it builds upon may have been dropped with the room. The client comes back and sends it again.
      if (!this.#isEnded) this.#conclude(member, held, { verdict, ...outcome });
    } catch (thrown) {
      this.#options.services.logger.error({ error: messageOf(thrown) }, "an update could not be tried");
      member.waiting = undefined;
      member.channel.leave(closeCodes.internalError, "an update could not be checked; come back and send it again");
      if (isDamage(thrown)) this.#options.onDamage(thrown);
    } finally {
      this.#runningCount -= 1;
      readOn();
    }
  }

  /** The room is out of use: verdicts mean nothing any more. Drops what the worker keeps of this document. */
  end(): void {
    this.#isEnded = true;
    this.forget();
  }

  /** Drops what the worker keeps of this document: it may have an update that was not appended after all. */
  forget(): void {
    if (this.#last) this.#options.services.workers.forget(this.#options.documentKey);
    this.#last = undefined;
  }

  #conclude(
    member: Member,
    submission: Submission,
    { verdict, passed, declined, next }: TrialOutcome & { readonly verdict: Verdict },
  ): void {
    const waiting = member.waiting ?? [];
    // It may be tried anew, by another judge: what waits then queues behind that.
    member.waiting = undefined;
    if (verdict.kind === "refused") return this.#refuse(member, verdict.reason);
    if (verdict.kind === "passed") passed({ ...submission, update: verdict.update, scan: verdict.scan });
    else declined?.(verdict.reason);
    for (const each of waiting) next(each);
  }

  #refuse(member: Member, reason: string): void {
    const { documentKey, services } = this.#options;
    services.logger.warn({ documentKey, refused: reason }, "an update was refused after a trial");
    member.channel.leave(closeCodes.protocolError, `an update was refused: ${reason}`);
  }

  async #try(submission: Submission): Promise<Verdict> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#tryOnce(submission);
      } catch (thrown) {
        if (!isStaleSnapshot(thrown) || attempt === maxAttempts) throw thrown;
      }
    }
  }

  #tryOnce(submission: Submission): Promise<Verdict> {
    const last = this.#last;
    const { documentKey, log, judge } = this.#options;
    const { version, history, contents } = log;
    this.#last = { version, seq: history.seq };
    return judge(submission, {
      documentKey,
      version,
      piecesSince: (known) => this.#piecesAfter(known !== null && known === last?.version ? last.seq : undefined),
      stateVector: contents.stateVector.encode(),
    });
  }

  /** Everything admitted, or what of it came after the record `seq`; the last of it is read in one turn. */
  async *#piecesAfter(seq: number | undefined): AsyncIterable<Uint8Array> {
    const { log } = this.#options;
    const { history } = log;
    const { coveredSeq } = history.pointer;
    // What was folded into a snapshot since is read from there; what the worker knows already it ignores.
    const isCovered = seq === undefined || seq < coveredSeq;
    const from = isCovered ? coveredSeq : seq;
    if (isCovered) yield* history.segments();
    for await (const record of history.recordsSince(from)) yield* record.updates;
    yield* log.unsettledUpdates;
  }
}

/** For heavy updates: in a worker that can be killed, because a sound update can still cost every replica minutes. */
export function applies({ workers }: Pick<RoomServices, "workers">): Judge {
  return async ({ update }, document) => {
    const result = await workers.trial({ ...document, update });
    if (result.kind === "accepted") {
      const { scanned } = result;
      return { kind: "passed", update: scanned.update, scan: { kind: "scanned", scanned } };
    }
    const advice = result.reason === "too-slow" ? "; cut it into smaller edits" : "";
    return { kind: "refused", reason: `${result.reason}: ${result.detail}${advice}` };
  };
}
