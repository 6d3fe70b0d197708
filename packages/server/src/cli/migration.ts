/** Brings all documents of a source in. Those that exist are left alone, so that it can be run again. */
import { checkedNewName } from "../adapters/control-wire.js";
import type { ControlledDocuments } from "../adapters/control-routes.js";
import { SynclineError } from "../error.js";
import type { MigrationSource, SourceDocument } from "../migration/source.js";
import { WorkerError } from "../worker/error.js";

export interface MigrationTally {
  /** Documents brought over. */
  importedCount: number;
  existingCount: number;
  /** The source has the name, but no updates. */
  emptyCount: number;
  failedCount: number;
  leftOutUpdateCount: number;
  /** Of what leans on something that is not there. */
  leftOutBytes: number;
  /** Of all updates that were read. */
  readBytes: number;
}

export interface MigrationOptions {
  readonly signal: AbortSignal;
  /** Called after each document; `remark` says what is wrong with it, if something is. */
  readonly onDocument: (tally: Readonly<MigrationTally>, name: string, remarks: readonly string[]) => void;
}

export async function bringIn(
  documents: ControlledDocuments,
  source: MigrationSource,
  { signal, onDocument }: MigrationOptions,
): Promise<MigrationTally> {
  const tally = noDocuments();
  const existing = new Set<string>();
  for await (const { name } of documents.list()) existing.add(name);
  for await (const document of source.documents()) {
    signal.throwIfAborted();
    for (const { length } of document.updates) tally.readBytes += length;
    onDocument(tally, document.name, await bringInOne(documents, document, existing, tally));
  }
  signal.throwIfAborted();
  return tally;
}

/** Resolves with what there is to remark. */
async function bringInOne(
  documents: ControlledDocuments,
  { name, updates }: SourceDocument,
  existing: ReadonlySet<string>,
  tally: MigrationTally,
): Promise<string[]> {
  const skipped = existing.has(name) ? "existingCount" : updates.length === 0 ? "emptyCount" : undefined;
  if (skipped) {
    tally[skipped] += 1;
    return [];
  }
  try {
    checkedNewName(name);
    const { refused, leftoverBytes } = await documents.import(name, updates);
    tally.importedCount += 1;
    tally.leftOutUpdateCount += refused.length;
    tally.leftOutBytes += leftoverBytes;
    const leftover = leftoverBytes > 0 ? [`${leftoverBytes} bytes lean on something that is missing`] : [];
    return [...refused, ...leftover].map((reason) => `left out: ${reason}`);
  } catch (thrown) {
    return [`not brought over: ${whyFailed(thrown, tally)}`];
  }
}

/** @throws what is not about this document alone */
function whyFailed(thrown: unknown, tally: MigrationTally): string {
  const isItsOwn = thrown instanceof WorkerError || (thrown instanceof SynclineError && ownCodes.has(thrown.code));
  if (!isItsOwn) throw thrown;
  tally.failedCount += 1;
  return thrown.message;
}

const ownCodes: ReadonlySet<string> = new Set(["invalid-option", "document-exists", "data-corrupt"]);

function noDocuments(): MigrationTally {
  return {
    importedCount: 0,
    existingCount: 0,
    emptyCount: 0,
    failedCount: 0,
    leftOutUpdateCount: 0,
    leftOutBytes: 0,
    readBytes: 0,
  };
}
