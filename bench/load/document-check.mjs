/** Whether a server's document is what some updates make of one: read by a light client, applied to a real Y.Doc. */
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { LightClient } from "../client/light-client.mjs";

const limitMs = 60_000;

/** @typedef {(doc: Y.Doc) => string} ContentOf What of a document is compared. */

/**
 * @param {{ port: number, peer: import("../server/peers.mjs").Peer }} server
 * @param {{ name: string, updates: readonly Uint8Array[], contentOf: ContentOf }} expected
 * @returns {Promise<string | undefined>} what is wrong
 */
export async function wrongDocument(server, { name, updates, contentOf }) {
  const expected = contentOf(docOf(updates));
  const found = new Y.Doc();
  const onUpdate = (/** @type {Buffer} */ bytes, /** @type {number} */ start, /** @type {number} */ end) =>
    Y.applyUpdate(found, bytes.subarray(start, end));
  const client = new LightClient({ ...server, name, onUpdate });
  await client.ready;
  // A server that says "synced" before it has loaded a document sends the rest later.
  const deadline = performance.now() + limitMs;
  let isRight = contentOf(found) === expected;
  while (!isRight && performance.now() < deadline && !client.closedBecause) {
    await pause(250);
    isRight = contentOf(found) === expected;
  }
  client.leave();
  return isRight ? undefined : `${name} holds ${contentOf(found).length} of ${expected.length} characters, or others`;
}

/** @param {readonly Uint8Array[]} updates */
function docOf(updates) {
  const doc = new Y.Doc();
  for (const update of updates) Y.applyUpdate(doc, update);
  return doc;
}
