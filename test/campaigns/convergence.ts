/** The end of a campaign: everybody is back, nobody types, and all hold the same. */
import * as Y from "yjs";
import type { CampaignDocument } from "./campaign-document.js";
import { readFresh } from "./fresh-reader.js";
import { contentOf, hasPending } from "./promises.js";
import { isDeepStrictEqual } from "node:util";

const timeoutMs = 60_000;

/** `undefined` when all writers and the server come to hold the same; otherwise who does not. */
export async function convergence(document: CampaignDocument, url: string): Promise<string | undefined> {
  const timeout = AbortSignal.timeout(timeoutMs);
  const docs = document.writers.map(({ doc }) => doc);
  const differs = () => differenceAmong(document);
  await untilSettled(document, () => differs() === undefined, timeout);
  const difference = differs();
  if (difference) return `${document.documentName}: ${difference}`;
  const reading = await readFresh(url, document.documentName, "syncline");
  const [first] = docs;
  if (reading.kind !== "read" || !first) return `${document.documentName}: the server did not answer at the end`;
  return isSame(first, reading.doc) ? undefined : `${document.documentName}: the server holds something else`;
}

function differenceAmong({ writers }: CampaignDocument): string | undefined {
  const unsynced = writers.findIndex((writer) => !writer.isSynced);
  if (unsynced >= 0) {
    const { closedWith } = writers[unsynced] ?? {};
    return `writer ${unsynced} is not synced${closedWith ? `, closed with ${closedWith.code}: ${closedWith.reason}` : ""}`;
  }
  const [first, ...others] = writers;
  const different = others.findIndex(({ doc }) => first && !isSame(first.doc, doc));
  return different < 0 ? undefined : `writer ${different + 1} holds something else than writer 0`;
}

function isSame(a: Y.Doc, b: Y.Doc): boolean {
  if (hasPending(a) || hasPending(b)) return false;
  return Y.equalSnapshots(Y.snapshot(a), Y.snapshot(b)) && isDeepStrictEqual(contentOf(a), contentOf(b));
}

/** Looks again after each update and each change of a connection. */
async function untilSettled({ writers }: CampaignDocument, holds: () => boolean, timeout: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const look = () => (timeout.aborted || holds()) && resolve();
    for (const writer of writers) {
      writer.doc.on("update", look);
      writer.onChange(look);
    }
    timeout.addEventListener("abort", () => resolve());
    look();
  });
}
