/**
 * Work in worker threads can wait, the event loop cannot: on a machine with few cores they would compete for them. On Linux a
 * thread has a priority of its own; elsewhere nothing is changed.
 */
import { readlinkSync } from "node:fs";
import { getPriority, setPriority } from "node:os";

/** Nice: with one core for both, a thread gets a third of what the event loop does. Enough to end in time what has a limit. */
const behind = 5;

/** Has the calling thread run after others of the process where there are not cores enough for all. Best effort. */
export function stepBack(): void {
  const id = threadId();
  if (id === undefined) return;
  try {
    setPriority(id, Math.min(getPriority() + behind, 19));
  } catch {
    // Not allowed here: it is as fast as the others then.
  }
}

/** The system's number for the calling thread: `setpriority(2)` takes it where it takes that of a process. */
function threadId(): number | undefined {
  try {
    const [, id] = /\/task\/(\d+)$/.exec(readlinkSync("/proc/thread-self")) ?? [];
    return id === undefined ? undefined : Number(id);
  } catch {
    return undefined;
  }
}
