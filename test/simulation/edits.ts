/** What people do to a document: a text with formats, a map, a list, things within things. */
import * as Y from "yjs";
import type { Random } from "../fixtures/random.js";
import { weighted } from "./chance.js";

// Nothing of two UTF-16 units: nobody's editor cuts those in halves, and Yjs does not survive it with all replicas alike.
const letters = "abcdefghijklmnopqrstuvwxyzäßλ ";

export function edit(doc: Y.Doc, random: Random): void {
  const kind = weighted(random, { insert: 10, delete: 5, format: 3, set: 4, unset: 1, push: 2, remove: 1, nest: 1 });
  const text = doc.getText("text");
  switch (kind) {
    case "insert":
      return text.insert(random.int(text.length + 1), word(random));
    case "delete":
      return deleteSome(text, random);
    case "format":
      return format(text, random);
    case "set":
      return void doc.getMap("map").set(`key ${random.int(4)}`, random.int(1_000));
    case "unset":
      return doc.getMap("map").delete(`key ${random.int(4)}`);
    case "push":
      return doc.getArray("list").push([random.int(100)]);
    case "remove":
      return removeOne(doc.getArray("list"), random);
    case "nest":
      return nest(doc, random);
  }
}

/** So large that the server tries it first. */
export function paste(doc: Y.Doc, random: Random): void {
  const text = doc.getText("text");
  text.insert(
    random.int(text.length + 1),
    word(random)
      .repeat(1 + Math.floor((66_000 + random.int(20_000)) / 8))
      .slice(0, 90_000),
  );
}

/** Many edits in a moment; half of the times as one. */
export function burst(doc: Y.Doc, random: Random): void {
  const count = 10 + random.int(90);
  const several = () => {
    for (let n = 0; n < count; n++) edit(doc, random);
  };
  if (random.chance(0.5)) doc.transact(several);
  else several();
}

function word(random: Random): string {
  const characters = [...letters];
  return Array.from({ length: 1 + random.int(8) }, () => random.pick(characters)).join("");
}

function deleteSome(text: Y.Text, random: Random): void {
  if (text.length === 0) return;
  const index = random.int(text.length);
  // Now and then all of a paste.
  const length = random.chance(0.1) ? text.length - index : Math.min(1 + random.int(12), text.length - index);
  text.delete(index, length);
}

function format(text: Y.Text, random: Random): void {
  if (text.length === 0) return;
  const index = random.int(text.length);
  text.format(index, Math.min(1 + random.int(10), text.length - index), { bold: random.chance(0.5) ? true : null });
}

function removeOne(list: Y.Array<unknown>, random: Random): void {
  if (list.length > 0) list.delete(random.int(list.length), 1);
}

function nest(doc: Y.Doc, random: Random): void {
  const map = doc.getMap("map");
  const key = `nested ${random.int(2)}`;
  const nested = map.get(key);
  if (nested instanceof Y.Text) nested.insert(random.int(nested.length + 1), word(random));
  else map.set(key, new Y.Text(word(random)));
}

/** Everything that can be seen of a document, and which ids it knows to be deleted. */
export function stateOf(doc: Y.Doc): string {
  const clocks = [...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([a], [b]) => a - b);
  const deleted = [...Y.createDeleteSetFromStructStore(doc.store).clients]
    .map(([client, ranges]) => [client, ranges.map(({ clock, len }) => [clock, len])] as const)
    .sort(([a], [b]) => a - b);
  const seen = [doc.getText("text").toDelta(), sorted(doc.getMap("map").toJSON()), doc.getArray("list").toJSON()];
  return JSON.stringify({ clocks, deleted, seen });
}

function sorted(map: Readonly<Record<string, unknown>>): unknown {
  return Object.entries(map).sort(([a], [b]) => (a < b ? -1 : 1));
}
