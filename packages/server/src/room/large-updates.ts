/**
 * Updates that are so large that looking through their bytes would hold up everybody: a worker does, and the room judges by what it
 * found. See decision 24.
 */
import type { ScanLimits } from "../update/limits.js";
import type { Submission } from "./member.js";
import type { RoomServices } from "./services.js";
import type { Judge } from "./trial.js";

/** Looking through this much takes about a millisecond. No more than a member may have parked: a larger one never waits for another. */
const largeBytes = 256 * 1024;

/** Whether nobody has looked through it yet, and the main thread should not. Without structs it is a list of deletions, read quickly. */
export function isLarge({ update, scan }: Submission): boolean {
  return scan === undefined && update.length > largeBytes && update[0] !== 0;
}

/** The update comes back cut to what lies beyond the room's state vector. What is wrong with it, too, the room is to answer. */
export function scansLarge({ workers }: Pick<RoomServices, "workers">, limits: ScanLimits): Judge {
  return async ({ update }, { stateVector }) => {
    const scan = await workers.scan({ update, stateVector, limits });
    return { kind: "passed", update: scan.kind === "scanned" ? scan.scanned.update : update, scan };
  };
}
