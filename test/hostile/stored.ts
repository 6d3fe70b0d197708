/** What a server that has stopped left on disk, compared with what its clients have. */
import { startServer } from "@syncline/server";
import { expect } from "vitest";
import * as Y from "yjs";

type Delta = readonly { readonly insert: unknown }[];

/** The root types that attacks and members write to, as what they are. */
const roots: Readonly<Record<string, (doc: Y.Doc) => unknown>> = {
  text: (doc) => (doc.getText("text").toDelta() as Delta).map((part) => ({ ...part, insert: plain(part.insert) })),
  comments: (doc) => doc.getText("comments").toString(),
  bomb: (doc) => doc.getText("bomb").toString(),
  map: (doc) => [...doc.getMap("map").entries()].map(([key, value]) => [key, plain(value)] as const).sort(),
  array: (doc) => doc.getArray("array").toArray().map(plain),
};

/** Without what is a replica's own: types and subdocuments as what is in them. */
function plain(value: unknown): unknown {
  if (value instanceof Y.Doc) return { guid: value.guid };
  return value instanceof Y.AbstractType ? (value.toJSON() as unknown) : value;
}

interface Kept {
  readonly documentName: string;
  readonly doc: Y.Doc;
}

/** Each document of the store opens and is sound; those in `kept` are what their members have. */
export async function assertStored(data: string, kept: readonly Kept[]): Promise<void> {
  const server = await startServer({ port: 0, data });
  try {
    const names: string[] = [];
    for await (const { name, damage, quarantinedCount } of server.documents.list()) {
      expect({ name, damage, quarantinedCount }).toEqual({ name, damage: undefined, quarantinedCount: 0 });
      expect(await server.documents.check(name)).toEqual({ name, problems: [] });
      names.push(name);
    }
    for (const { documentName, doc } of kept) {
      expect(names).toContain(documentName);
      const stored = new Y.Doc();
      Y.applyUpdate(stored, await server.documents.export(documentName));
      expect(Y.encodeStateVector(stored)).toEqual(Y.encodeStateVector(doc));
      expect(stored.store.pendingStructs).toBeNull();
      expect(contentOf(stored)).toEqual(contentOf(copyOf(doc)));
    }
  } finally {
    await server.close();
  }
}

/** With root types that nobody has given a type yet, as one that was just loaded. */
function copyOf(doc: Y.Doc): Y.Doc {
  const copy = new Y.Doc();
  Y.applyUpdate(copy, Y.encodeStateAsUpdate(doc));
  return copy;
}

function contentOf(doc: Y.Doc): unknown {
  return Object.fromEntries(Object.entries(roots).map(([name, read]) => [name, read(doc)]));
}
