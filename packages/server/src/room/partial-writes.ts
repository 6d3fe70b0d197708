/**
 * Updates of members that may change some root types only. Before one enters the log a worker looks where all that it brings and
 * deletes belongs (worker/root-check.ts). Knows which updates have to be looked at, and what becomes of those that go beyond.
 */
import { closeCodes } from "@syncline/protocol";
import type { StateVector } from "../update/state-vector.js";
import { WorkerError } from "../worker/error.js";
import type { Member, Submission } from "./member.js";
import type { RoomServices } from "./services.js";
import { Trials, type Judge, type TrialOutcome, type TrialsOptions } from "./trial.js";

export interface PartialWritesOptions extends Omit<TrialsOptions, "judge" | "services"> {
  readonly documentName: string;
  readonly services: Pick<RoomServices, "workers" | "logger" | "refusals">;
}

/** What a member was refused so far. */
interface Declined {
  readonly count: number;
  readonly reason: string;
}

/** After so many refusals nothing more of the member is looked at until it opens the document anew. */
const maxDeclinedCount = 20;

export class PartialWrites {
  readonly #options: PartialWritesOptions;
  readonly #trials: Trials;
  readonly #declined = new WeakMap<Member, Declined>();

  constructor(options: PartialWritesOptions) {
    this.#options = options;
    const { documentKey, log, services, onDamage } = options;
    this.#trials = new Trials({ documentKey, log, services, judge: keepsToItsRoots(services), onDamage });
  }

  get isIdle(): boolean {
    return this.#trials.isIdle;
  }

  end(): void {
    this.#trials.end();
  }

  /**
   * Whether the submission must not be appended before it was looked at. What was looked at is an update of which the room had
   * nothing. If others have since brought structs of the same ids it will be cut, and its rest stands beside theirs, wherever
   * they stand.
   */
  mustCheck({ roots, checkedBlocks }: Submission): boolean {
    if (roots === undefined) return false;
    return checkedBlocks === undefined || !beginAtEnds(checkedBlocks, this.#options.log.contents.stateVector);
  }

  /** @param blocks those of the submission, of which the room has nothing: client, clock and end of each run */
  check(member: Member, submission: Submission, blocks: readonly number[], { passed, next }: TrialOutcome): void {
    const declined = this.#declined.get(member);
    if (declined && declined.count >= maxDeclinedCount) return this.decline(member, submission, declined.reason);
    void this.#trials.run(member, submission, {
      passed: (rest) => passed({ ...rest, checkedBlocks: blocks }),
      declined: (reason) => this.decline(member, submission, reason),
      next,
    });
  }

  /**
   * Why a submission that leans on something missing is not worth waiting for: what it leans on was refused. A client without
   * counters is asked once more, as what it held of others' may have arrived by now.
   */
  whyHopeless(member: Member, { n, roots }: Submission): string | undefined {
    const declined = roots && this.#declined.get(member);
    if (!declined) return undefined;
    return n > 0 || declined.count >= maxDeclinedCount ? declined.reason : undefined;
  }

  /** It may do other things now. */
  forgive(member: Member): void {
    this.#declined.delete(member);
  }

  decline(member: Member, { n }: Submission, reason: string): void {
    const { documentName, services } = this.#options;
    services.refusals.note("roots", reason, { documentName });
    this.#declined.set(member, { count: (this.#declined.get(member)?.count ?? 0) + 1, reason });
    member.rejected(n);
    member.channel.reject(n, closeCodes.forbidden, reason);
  }
}

function keepsToItsRoots({ workers }: Pick<RoomServices, "workers">): Judge {
  return async ({ update, roots = [] }, { documentKey, version, piecesSince }) => {
    try {
      const check = await workers.checkRoots({ documentKey, version, piecesSince, roots, update });
      if (check.kind === "within") return { kind: "passed", update: check.update };
      return { kind: "declined", reason: whyDeclined(check.root, roots) };
    } catch (thrown) {
      // Its author would come back and send it again, and hold up the worker for all others, again and again.
      if (!(thrown instanceof WorkerError) || thrown.code !== "timeout") throw thrown;
      return { kind: "declined", reason: "where it writes could not be found out in time; cut it into smaller edits" };
    }
  };
}

/** Whether each run of structs begins where the room's of that client end. */
function beginAtEnds(blocks: readonly number[], stateVector: StateVector): boolean {
  for (let at = 0; at < blocks.length; at += 3) {
    if (stateVector.get(blocks[at] as number) !== blocks[at + 1]) return false;
  }
  return true;
}

/** Names are a client's, and of any length. */
const maxShownLength = 60;
const maxShownNames = 5;

function whyDeclined(root: string, roots: readonly string[]): string {
  if (roots.length === 0) return `you may not change ${shown(root)}, nor anything else of this document`;
  const names = roots.slice(0, maxShownNames).map(shown).join(", ");
  const more = roots.length > maxShownNames ? ` and ${roots.length - maxShownNames} more` : "";
  return `you may not change ${shown(root)}, only ${names}${more}`;
}

function shown(name: string): string {
  return JSON.stringify(name.length > maxShownLength ? `${name.slice(0, maxShownLength)}…` : name);
}
