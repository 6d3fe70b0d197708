/** What a person is told of an error, and what the process exits with. */
import { SynclineError, type SynclineErrorCode } from "../error.js";
import { ConfigMistakes } from "./config.js";
import { Interrupted } from "./interrupt.js";
import { printable } from "./printable.js";

/** What to do, where the message of the error does not say it. */
const hints: Partial<Record<SynclineErrorCode, string>> = {
  "document-not-found": "syncline list shows what there is",
  "document-exists": "import --replace takes its place, delete removes it",
};

/** @throws what nobody foresaw, for its stack */
export function reportFailure(thrown: unknown): void {
  if (!isForeseen(thrown)) throw thrown;
  if (thrown instanceof ConfigMistakes) return reportMistakes(thrown);
  const hint = thrown instanceof SynclineError ? hints[thrown.code] : undefined;
  console.error(printable(`syncline: ${thrown.message}${hint === undefined ? "" : `; ${hint}`}`));
  process.exitCode = thrown instanceof Interrupted ? thrown.exitCode : 1;
}

/** A line each. */
function reportMistakes({ mistakes }: ConfigMistakes): void {
  for (const mistake of mistakes) console.error(printable(`syncline: ${mistake}`));
  process.exitCode = 1;
}

/** Errors with a code: ours, and those of the system and of LevelDB. */
function isForeseen(thrown: unknown): thrown is Error {
  return thrown instanceof Interrupted || (thrown instanceof Error && "code" in thrown);
}
