/**
 * What somebody really typed: the recording test/traces/automerge-paper.json.gz, replayed through a Y.Doc before the clock starts.
 * A person's cursor stays where it is more than chance would have it, and goes back to what was written long ago.
 */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import * as Y from "yjs";
import { textName } from "./histories.mjs";

/** @typedef {[position: number, deleteCount: number, insertText: string]} Patch */

const file = new URL("../../test/traces/automerge-paper.json.gz", import.meta.url);
/** Large, as Yjs draws them. */
const clientId = 3_200_000_009;

/** The first edits of the paper, at most as many as it has (259,778). @type {(editCount: number) => Promise<import("./histories.mjs").History>} */
export async function recorded(editCount) {
  /** @type {{ txns: { patches: Patch[] }[] }} */
  const { txns } = JSON.parse(gunzipSync(await readFile(file)).toString());
  const doc = new Y.Doc();
  doc.clientID = clientId;
  /** @type {Uint8Array[]} */
  const updates = [];
  doc.on("update", (update) => updates.push(update));
  const text = doc.getText(textName);
  for (const { patches } of txns.slice(0, editCount))
    doc.transact(() => patches.forEach((patch) => apply(text, patch)));
  return { clientID: clientId, updates, text: text.toString() };
}

/** @type {(text: Y.Text, patch: Patch) => void} */
function apply(text, [position, deleteCount, insertText]) {
  if (deleteCount > 0) text.delete(position, deleteCount);
  if (insertText !== "") text.insert(position, insertText);
}
