/**
 * What judges a room's updates, and what waits for a judgement. Made with the first update, and each part with the first that
 * needs it: most documents that are open are only looked at.
 */
import { scansLarge } from "./large-updates.js";
import type { Log } from "./log.js";
import type { Member, Submission } from "./member.js";
import type { Ownership } from "./ownership.js";
import { Parking } from "./parking.js";
import { PartialWrites } from "./partial-writes.js";
import { Rules } from "./rules.js";
import type { RoomServices } from "./services.js";
import { applies, type Judge, Trials } from "./trial.js";

export interface JudgingOptions {
  readonly documentName: string;
  readonly roomNumber: number;
  readonly log: Log;
  readonly ownership: Ownership;
  readonly services: RoomServices;
  /** Something of the document cannot be read. */
  readonly onDamage: (error: Error) => void;
  /** Judges again what was parked. */
  readonly take: (member: Member, submission: Submission) => void;
}

export class Judging {
  readonly rules: Rules;
  readonly #options: JudgingOptions;
  #scans: Trials | undefined;
  #trials: Trials | undefined;
  #partialWrites: PartialWrites | undefined;
  #parking: Parking | undefined;

  constructor(options: JudgingOptions) {
    const { documentName, roomNumber, log, ownership, services } = options;
    this.#options = options;
    this.rules = new Rules({
      documentName,
      roomNumber,
      log,
      ownership,
      partialWrites: {
        mustCheck: (submission) => submission.roots !== undefined && this.partialWrites.mustCheck(submission),
      },
      services,
    });
  }

  /** Of large updates. */
  get scans(): Trials {
    return (this.#scans ??= this.#createTrials(" unread", scansLarge(this.#options.services, this.rules.scanLimits)));
  }

  /** Of heavy updates: most rooms never see one. */
  get trials(): Trials {
    return (this.#trials ??= this.#createTrials("", applies(this.#options.services)));
  }

  get partialWrites(): PartialWrites {
    return (this.#partialWrites ??= this.#createPartialWrites());
  }

  get parking(): Parking {
    return (this.#parking ??= this.#createParking());
  }

  get isIdle(): boolean {
    return [this.#scans, this.#trials, this.#partialWrites].every((made) => made?.isIdle ?? true);
  }

  /** Something has got in: what leaned on it may be looked at again. */
  lookAtParked(): void {
    this.#parking?.look();
  }

  /** What is left of an appended trial is not what was appended. */
  forgetTrials(): void {
    this.#trials?.forget();
  }

  /** The member may do other things now. */
  forgive(member: Member): void {
    this.#partialWrites?.forgive(member);
  }

  /** The member has left. */
  forget(member: Member): void {
    this.#parking?.forget(member);
  }

  /** Verdicts mean nothing any more. */
  end(): void {
    this.#scans?.end();
    this.#trials?.end();
    this.#partialWrites?.end();
  }

  #createTrials(keySuffix: string, judge: Judge): Trials {
    const { roomNumber, log, services, onDamage } = this.#options;
    return new Trials({ documentKey: `${roomNumber}${keySuffix}`, log, services, judge, onDamage });
  }

  #createPartialWrites(): PartialWrites {
    const { documentName, roomNumber, log, services, onDamage } = this.#options;
    // Documents of their own: those of trials may have what was not appended, and have deleted what in the log is alive.
    const documentKey = `${roomNumber} as appended`;
    return new PartialWrites({ documentName, documentKey, log, services, onDamage });
  }

  #createParking(): Parking {
    const { log, services, take } = this.#options;
    return new Parking({ stateVector: () => log.contents.stateVector, timers: services.timers, take });
  }
}
