/** Updates of a room's members that lean on something not there yet: kept with their members, and looked at again when it may be. */
import type { Timers } from "../timers.js";
import type { Gap } from "../update/gate.js";
import type { StateVector } from "../update/state-vector.js";
import type { Member, Submission } from "./member.js";

export interface ParkingOptions {
  readonly stateVector: () => StateVector;
  readonly timers: Timers;
  /** Looks at it again. */
  readonly take: (member: Member, submission: Submission) => void;
}

export class Parking {
  readonly #options: ParkingOptions;
  readonly #members = new Set<Member>();

  constructor(options: ParkingOptions) {
    this.#options = options;
  }

  /** Keeps it and asks its author for what is missing. False when the author's allowance is spent. */
  park(member: Member, submission: Submission, gap: Gap): boolean {
    if (!member.park(submission, gap)) return false;
    this.#members.add(member);
    member.ask(() => this.#options.stateVector().encode(), this.#options.timers);
    return true;
  }

  /** Looks again at what was parked, until nothing more closes: one update may be what several wait for. */
  look(): void {
    const { stateVector, take } = this.#options;
    for (let isProgress = this.#members.size > 0; isProgress;) {
      isProgress = false;
      for (const member of this.#members) {
        for (const submission of member.takeParked(stateVector())) {
          isProgress = true;
          take(member, submission);
        }
        if (!member.hasParked) this.#members.delete(member);
      }
    }
  }

  /** The member has left. */
  forget(member: Member): void {
    this.#members.delete(member);
  }
}
