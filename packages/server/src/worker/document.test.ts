import { expect, test } from "vitest";
import * as Y from "yjs";
import { applyPieces, buildDocument } from "./document.js";

function textIn(doc: Y.Doc): Y.Text {
  const text = doc.getMap<Y.Text>("map").get("text");
  if (text === undefined) throw new Error("the text was written first");
  return text;
}

function deletedClients(doc: Y.Doc): number[] {
  return [...Y.createDeleteSetFromStructStore(doc.store).clients.keys()].sort();
}

test("nothing is deleted but what the pieces delete, though Yjs would tidy up formatting", () => {
  const author = new Y.Doc();
  author.clientID = 9;
  author.getMap("map").set("text", new Y.Text("abcdef"));
  const base = Y.encodeStateAsUpdate(author);
  const concurrent = ([1, 2] as const).map((clientId) => {
    const replica = buildDocument([base], () => 0).doc;
    const before = Y.encodeStateVector(replica);
    replica.clientID = clientId;
    if (clientId === 1) textIn(replica).format(1, 3, { bold: true });
    else textIn(replica).delete(1, 3);
    return Y.encodeStateAsUpdate(replica, before);
  });
  const asClientsDo = buildDocument([base], () => 0).doc;
  for (const update of concurrent) Y.applyUpdate(asClientsDo, update);
  expect(deletedClients(asClientsDo)).toEqual([1, 9]);

  const doc = buildDocument([base], () => 0).doc;
  for (const update of concurrent) applyPieces(doc, [update], () => 0);
  expect(deletedClients(doc)).toEqual([9]);
  expect(textIn(doc).toString()).toBe("aef");
});

test("the cost per struct is that of the structs in the pieces, joined or not", () => {
  const pieces: Uint8Array[] = [];
  const author = new Y.Doc();
  author.on("update", (update) => pieces.push(update));
  for (let index = 0; index < 10; index++) author.getText("text").insert(index, "x");
  let clock = 0;
  const { doc, structCount, integrateMicrosPerStruct } = buildDocument(pieces, () => (clock += 1));
  expect(structCount).toBe(10);
  expect(integrateMicrosPerStruct).toBe(100);
  expect([...doc.store.clients.values()].map((structs) => structs.length)).toEqual([1]);
});
