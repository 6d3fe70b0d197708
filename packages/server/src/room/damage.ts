import { isStoredDamage } from "../error.js";
import { UpdateError } from "../update/error.js";

/** Whether what was thrown says that something stored is not as it was written; anything else may pass. */
export function isDamage(thrown: unknown): thrown is Error {
  if (thrown instanceof UpdateError || isStoredDamage(thrown)) return true;
  // A worker that was reading it.
  return thrown instanceof Error && thrown.cause !== undefined && isDamage(thrown.cause);
}
