/** Random edits of every kind: short and long inserts, deletions, map values, bursts, nested types, a large paste. */
import * as Y from "yjs";
import type { Random } from "../fixtures/random.js";

/** A text longer than this is cut down, so that documents stay small enough to be compacted again and again. */
const longText = 5_000;

export function edit(doc: Y.Doc, random: Random, { mayPaste }: { readonly mayPaste: boolean }): void {
  const text = doc.getText("text");
  if (text.length > longText) return text.delete(500, text.length - 1_000);
  const dice = random.int(1000);
  if (dice < 420) insert(text, random);
  else if (dice < 650) remove(text, random);
  else if (dice < 800) setKey(doc.getMap("map"), random);
  else if (dice < 900) burst(text, random);
  else if (dice < 990 || !mayPaste) editList(doc.getArray("list"), random);
  else paste(text, random);
}

function insert(text: Y.Text, random: Random): void {
  const mark = `<${random.int(1e9).toString(36)}>`;
  text.insert(random.int(text.length + 1), mark.repeat(1 + random.int(random.chance(0.2) ? 60 : 6)));
}

function remove(text: Y.Text, random: Random): void {
  if (text.length === 0) return;
  const at = random.int(text.length);
  text.delete(at, Math.min(text.length - at, 1 + random.int(random.chance(0.1) ? 2_000 : 80)));
}

/** Few keys: writers overwrite each other's values. */
function setKey(map: Y.Map<unknown>, random: Random): void {
  const key = `key ${random.int(8)}`;
  if (random.chance(0.15)) map.delete(key);
  else map.set(key, random.chance(0.5) ? random.int(1e6) : { at: random.int(1e6), note: "x".repeat(random.int(200)) });
}

/** As fast as somebody can type in one turn of the event loop: a transaction for each character. */
function burst(text: Y.Text, random: Random): void {
  const count = 5 + random.int(30);
  for (let at = random.int(text.length + 1), typed = 0; typed < count; typed++) text.insert(at + typed, "k");
}

function editList(list: Y.Array<unknown>, random: Random): void {
  if (list.length > 20) return list.delete(random.int(10), 10);
  if (random.chance(0.3)) return list.push([random.int(1e6), "entry"]);
  const nested = new Y.Map<unknown>([["at", random.int(1e6)]]);
  list.insert(random.int(list.length + 1), [nested]);
}

/** Large enough to be tried in a worker first. */
function paste(text: Y.Text, random: Random): void {
  const mark = `[pasted ${random.int(1e9).toString(36)}]`;
  const bytes = 100_000 + random.int(200_000);
  text.insert(random.int(text.length + 1), mark.repeat(Math.ceil(bytes / mark.length)));
}
