/** Updates that a hostile writer sends into a room it can read: made up, changed, put together anew, known to hurt. */
import * as Y from "yjs";
import { forge, type Target as Knowledge } from "../../fixtures/hostile.js";
import { pills } from "../../fixtures/pills.js";
import { buildUpdate } from "../../fixtures/update-builder.js";
import { changed, joined } from "./byte-changes.js";
import type { Tape } from "./tape.js";

/** Heard by whoever is in the room. */
export interface Overheard {
  readonly updates: readonly Uint8Array[];
  readonly doc: Y.Doc;
  /** Whose ids are not to be written under. */
  readonly spared: ReadonlySet<number>;
}

const none = Uint8Array.of(0, 0);
/** Of the structs of a document, a forger names the latest. */
const idsPerClient = 12;

export function someHostile(tape: Tape, overheard: Overheard): { readonly kind: string; readonly update: Uint8Array } {
  const { updates, spared } = overheard;
  const one = (): Uint8Array => (updates.length > 0 ? tape.pick(updates) : none);
  const choice = tape.int(spared.size > 0 ? 6 : 12);
  if (choice < 6) return { kind: "forged", update: forge(tape, knowledgeOf(overheard)) };
  if (choice < 9) return { kind: "changed", update: changed(tape, one(), one()) };
  if (choice === 9) return { kind: "spliced", update: spliced(one(), one()) };
  if (choice === 10) return { kind: "pill", update: tape.pick(pills).bytes };
  return { kind: "state", update: changed(tape, Y.encodeStateAsUpdate(overheard.doc), one()) };
}

function knowledgeOf({ doc, spared }: Overheard): Knowledge {
  const clocks: [number, number][] = [];
  const ids: { client: number; clock: number }[] = [];
  for (const [client, structs] of doc.store.clients) {
    if (!spared.has(client)) clocks.push([client, Y.getState(doc.store, client)]);
    for (const { id } of structs.slice(-idsPerClient)) ids.push({ client: id.client, clock: id.clock });
  }
  return { clocks, ids };
}

/** One's structs with the other's deletions: each half is sound. */
function spliced(one: Uint8Array, other: Uint8Array): Uint8Array {
  const structBytes = one.length - deletionsOf(one).length;
  return joined([one.subarray(0, structBytes), deletionsOf(other)]);
}

/** Written anew, which gives the bytes that Yjs wrote. */
function deletionsOf(update: Uint8Array): Uint8Array {
  const deletions = [...Y.decodeUpdate(update).ds.clients].map(([client, ranges]) => ({
    client,
    ranges: ranges.map(({ clock, len: length }) => ({ clock, length })),
  }));
  return buildUpdate([], deletions).subarray(1);
}
