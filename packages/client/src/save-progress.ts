/** Tells the application where its edits are. */
import type { Tell } from "./events.js";
import type { PendingLedger } from "./pending.js";

/** After an edit, or what was newly acknowledged. */
export function tellProgress(
  tell: Tell,
  ledger: PendingLedger,
  { received, durable } = { received: 0, durable: 0 },
): void {
  const { saveState, pending } = ledger;
  if (received > 0) tell("received", { count: received, total: saveState.received });
  if (durable > 0) tell("durable", { count: durable, total: saveState.durable });
  tell("pending", pending);
  tell("unsyncedChanges", { number: pending.count });
}
