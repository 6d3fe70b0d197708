/** Stores as servers leave them: two documents that people edited, with and without a snapshot, deleted, repaired; the same each time. */
import { MemoryKeyValueStore, type Entry } from "@syncline/server/engine";
import * as Y from "yjs";
import { edit } from "../../fixtures/histories.js";
import { differenceBetween } from "./document-state.js";
import { HonestEditor } from "./honest-editor.js";
import { FuzzServer } from "./server.js";
import { Tape } from "./tape.js";

export const documentNames = ["room", "room 2", "gone"] as const;

export interface StoredFixture {
  readonly entries: readonly Entry[];
  /** What each document was, as one update; none for the one that was deleted. */
  readonly documents: ReadonlyMap<string, Uint8Array>;
}

const fixtureCount = 8;

export class StoredFixtures {
  readonly #made = new Map<number, Promise<StoredFixture>>();

  pick(tape: Tape): Promise<StoredFixture> {
    const number = tape.int(fixtureCount);
    const made = this.#made.get(number) ?? make(number);
    this.#made.set(number, made);
    return made;
  }
}

async function make(number: number): Promise<StoredFixture> {
  const tape = new Tape(number);
  const server = new FuzzServer();
  for (const [index, documentName] of documentNames.entries()) {
    const editor = new HonestEditor({ documentName, clientId: 10 + index, name: documentName });
    editor.open(server);
    await server.settle();
    for (let count = 3 + tape.int(number % 2 === 0 ? 10 : 60); count > 0; count--) {
      edit(tape, editor);
      await server.settle();
    }
    editor.leave();
  }
  // Every other one is folded into a snapshot as it is let go, and goes on after it.
  await server.pass(number % 2 === 0 ? 1_000 : 8_000);
  await editMore(server, tape);
  await server.engine.documents.delete("gone");
  await server.settle();
  return { entries: await entriesOf(server.store), documents: await documentsOf(server) };
}

async function editMore(server: FuzzServer, tape: Tape): Promise<void> {
  const editor = new HonestEditor({ documentName: "room", clientId: 20, name: "one more" });
  editor.open(server);
  await server.settle();
  for (let count = 0; count < 4; count++) {
    edit(tape, editor);
    await server.settle();
  }
  editor.leave();
  await server.settle();
}

async function documentsOf(server: FuzzServer): Promise<Map<string, Uint8Array>> {
  const documents = new Map<string, Uint8Array>();
  for (const name of ["room", "room 2"]) documents.set(name, await server.engine.documents.export(name));
  return documents;
}

export async function entriesOf(store: MemoryKeyValueStore): Promise<Entry[]> {
  const entries: Entry[] = [];
  for await (const chunk of store.entries({}, 1_000)) entries.push(...chunk);
  return entries;
}

export async function storeOf(entries: readonly Entry[]): Promise<MemoryKeyValueStore> {
  const store = new MemoryKeyValueStore();
  const batch = store.batch();
  for (const [key, value] of entries) batch.put(key, value);
  await batch.write({ sync: true });
  return store;
}

/** Whether `part` holds nothing that `whole` does not. */
export function isPartOf(part: Uint8Array, whole: Uint8Array): boolean {
  const [alone, together] = [new Y.Doc(), new Y.Doc()];
  Y.applyUpdate(alone, whole);
  Y.applyUpdate(together, whole);
  Y.applyUpdate(together, part);
  return differenceBetween(alone, together) === undefined;
}
