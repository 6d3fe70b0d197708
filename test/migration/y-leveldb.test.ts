/** Directories that y-leveldb itself has written: 0.2 in the test, 0.1 as a fixture. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cp, readdir, rm, truncate } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LevelStorage } from "@syncline/server";
import { LeveldbPersistence } from "y-leveldb";
import { expect, onTestFinished, test } from "vitest";
import * as Y from "yjs";
import { openYLeveldbSource, type YLeveldbSourceOptions } from "../../packages/server/dist/migration/y-leveldb.js";
import { tempDirectory } from "../support/temp-directory.js";
import {
  copiesIn,
  docOf,
  documentsOf,
  expectedTexts,
  filesIn,
  ownTemporaryDirectory,
  textsByName,
} from "./source-contents.js";

const fixture = new URL("fixtures/y-leveldb-0.1/", import.meta.url);
const fixtureDirectory = fileURLToPath(new URL("directory/", fixture));

/** The 0.1 fixture where a test may damage it. */
async function copyOfFixture(): Promise<string> {
  const directory = await tempDirectory();
  await cp(fixtureDirectory, directory, { recursive: true });
  return directory;
}

/** A directory in which each name has one update for each of its texts. */
async function written(
  texts: ReadonlyMap<string, readonly string[]>,
  also: (persistence: LeveldbPersistence) => Promise<void> = async () => undefined,
): Promise<{ readonly directory: string; readonly docs: ReadonlyMap<string, Y.Doc> }> {
  const directory = await tempDirectory();
  const persistence = new LeveldbPersistence(directory);
  for (const [name, inserts] of texts) {
    for (const update of updatesThatInsert(inserts)) await persistence.storeUpdate(name, update);
  }
  await also(persistence);
  const docs = new Map<string, Y.Doc>();
  for (const name of texts.keys()) docs.set(name, await persistence.getYDoc(name));
  await persistence.destroy();
  return { directory, docs };
}

function updatesThatInsert(inserts: readonly string[]): Uint8Array[] {
  const updates: Uint8Array[] = [];
  const doc = new Y.Doc();
  doc.on("update", (update: Uint8Array) => updates.push(update));
  for (const insert of inserts) doc.getText("text").insert(doc.getText("text").length, insert);
  return updates;
}

async function open(directory: string, options?: YLeveldbSourceOptions) {
  const source = await openYLeveldbSource(directory, options);
  onTestFinished(() => source.close());
  return source;
}

const names = [
  "notes",
  "notes/2",
  "note",
  "a/b//c/",
  "zürich \u{1f600}",
  "\ufeffmark",
  "__proto__",
  "update",
  "meta",
  "v1_sv",
];
const manyNames = new Map<string, readonly string[]>([
  ...names.map((name): [string, string[]] => [name, [`content of ${name}`, ", typed on"]]),
  ["x".repeat(300), ["a name whose length takes two bytes"]],
  ["many updates", Array.from({ length: 500 }, (_, index) => `${index} `)],
  ["flushed", Array.from({ length: 30 }, (_, index) => `${index} `)],
]);

test("y-leveldb 0.2: every document comes, with what y-leveldb reads of it", async () => {
  const { directory, docs } = await written(manyNames, async (persistence) => {
    await persistence.setMeta("notes", "title", "Metadata");
    await persistence.setMeta("only metadata", "title", "No document");
    await persistence.setMeta("zürich \u{1f600}", "update", new Uint8Array(5));
    await persistence.flushDocument("flushed");
    await persistence.storeUpdate("deleted", Y.encodeStateAsUpdate(new Y.Doc()));
    await persistence.clearDocument("deleted");
  });
  const source = await open(directory);
  expect(source.documentCount).toBe(manyNames.size);
  const documents = await documentsOf(source);
  expect(documents.map(({ name }) => name).sort()).toEqual([...manyNames.keys()].sort());
  for (const { name, updates } of documents) {
    const doc = docs.get(name) as Y.Doc;
    expect(Y.encodeStateAsUpdate(docOf(updates)), name).toEqual(Y.encodeStateAsUpdate(doc));
  }
  const updateCounts = new Map(documents.map(({ name, updates }) => [name, updates.length]));
  expect(updateCounts.get("many updates")).toBe(500);
  expect(updateCounts.get("flushed")).toBe(1);
});

test("y-leveldb 0.2: updates come in the order in which they were stored", async () => {
  const updates = updatesThatInsert(Array.from({ length: 300 }, (_, index) => `${index} `));
  const { directory } = await written(new Map(), async (persistence) => {
    for (const update of updates) await persistence.storeUpdate("ordered", update);
  });
  const [document] = await documentsOf(await open(directory));
  expect(document?.updates.map((update) => [...update])).toEqual(updates.map((update) => [...update]));
});

test("y-leveldb 0.1: a directory of leveldown's comes whole", async () => {
  const expected = await expectedTexts(new URL("expected.json", fixture));
  const stored = await documentsOf(await open(fixtureDirectory, { names: "as-stored" }));
  expect(stored.length).toBe(expected.size);
  expect(textsByName(stored)).toEqual(expected);
  expect(stored.find(({ name }) => name === "flushed")?.updates.length).toBe(1);
  expect(stored.find(({ name }) => name === "long")?.updates.length).toBe(60);
});

test("a name that y-websocket's server took from a URL becomes the name the client has", async () => {
  const found = textsByName(await documentsOf(await open(fixtureDirectory)));
  expect(found.get("plan for zürich")).toBe("as the server of y-websocket stores a name with a space");
  expect(found.has("plan%20for%20z%C3%BCrich")).toBe(false);
  expect(found.size).toBe(7);
});

test("two documents never come under one name", async () => {
  const storedNames = ["a b", "a%20b", "c%20d", "c%2520d", "%63%20d", "50%", "e%C3"];
  const { directory } = await written(new Map(storedNames.map((name) => [name, [`stored as ${name}`]])));
  const found = textsByName(await documentsOf(await open(directory)));
  expect(found).toEqual(
    new Map([
      ["a b", "stored as a b"],
      ["a%20b", "stored as a%20b"],
      ["c d", "stored as c%20d"],
      ["c%2520d", "stored as c%2520d"],
      ["%63%20d", "stored as %63%20d"],
      ["50%", "stored as 50%"],
      ["e%C3", "stored as e%C3"],
    ]),
  );
});

test("the directory stays as it is, and no copy is left", async () => {
  const directory = await copyOfFixture();
  const before = await filesIn(directory);
  const temporary = await ownTemporaryDirectory();
  const source = await open(directory);
  await documentsOf(source);
  expect((await copiesIn(temporary)).length).toBe(1);
  await source.close();
  await source.close();
  expect(await copiesIn(temporary)).toEqual([]);
  expect(await filesIn(directory)).toEqual(before);
});

test("without a lock file none is made", async () => {
  const directory = await copyOfFixture();
  await rm(join(directory, "LOCK"));
  expect((await documentsOf(await open(directory))).length).toBe(7);
  expect(await readdir(directory)).not.toContain("LOCK");
});

test("a consumer that stops in the middle leaves nothing open", async () => {
  const temporary = await ownTemporaryDirectory();
  const source = await open(fixtureDirectory);
  for await (const document of source.documents()) {
    expect(document.updates.length).toBeGreaterThan(0);
    break;
  }
  expect((await documentsOf(source)).length).toBe(7);
  await source.close();
  expect(await copiesIn(temporary)).toEqual([]);
});

test("reading a source that was closed says so", async () => {
  const source = await open(fixtureDirectory);
  const documents = source.documents()[Symbol.asyncIterator]();
  await documents.next();
  await source.close();
  await expect(documents.next()).rejects.toMatchObject({ code: "closed" });
});

test("a directory that a running server has open is refused", async () => {
  const directory = await copyOfFixture();
  const temporary = await ownTemporaryDirectory();
  const script = `
    const { LeveldbPersistence } = require("y-leveldb");
    const persistence = new LeveldbPersistence(process.argv[1]);
    persistence.getAllDocNames().then(() => console.log("open"));
    setInterval(() => undefined, 1000);`;
  const child = spawn(process.execPath, ["-e", script, directory], {
    stdio: ["ignore", "pipe", "inherit"],
    cwd: fileURLToPath(new URL(".", import.meta.url)),
  });
  onTestFinished(() => void child.kill("SIGKILL"));
  await once(child.stdout, "data");
  await expect(openYLeveldbSource(directory)).rejects.toMatchObject({
    code: "data-locked",
    message: `${directory} is in use by another process; stop the server that writes it first`,
  });
  expect(await copiesIn(temporary)).toEqual([]);

  const exited = once(child, "exit");
  child.kill("SIGKILL");
  await exited;
  expect((await documentsOf(await open(directory))).length).toBe(7);
});

test("what is not a directory of y-leveldb is refused by name", async () => {
  const empty = await tempDirectory();
  await expect(openYLeveldbSource(empty)).rejects.toMatchObject({
    code: "invalid-option",
    message: `${empty} is not a LevelDB directory (it holds no file CURRENT)`,
  });
  await expect(openYLeveldbSource(join(empty, "missing"))).rejects.toMatchObject({
    code: "invalid-option",
    message: expect.stringContaining("no such file or directory") as string,
  });
  const ownData = await tempDirectory();
  const storage = await LevelStorage.open(ownData);
  await storage.close();
  const temporary = await ownTemporaryDirectory();
  await expect(openYLeveldbSource(ownData)).rejects.toMatchObject({
    code: "invalid-option",
    message: `${ownData} is not a y-leveldb directory (first key "f")`,
  });
  expect(await copiesIn(temporary)).toEqual([]);
});

test("a directory without documents has none", async () => {
  const { directory } = await written(new Map(), async (persistence) => {
    await persistence.storeUpdate("deleted", Y.encodeStateAsUpdate(new Y.Doc()));
    await persistence.clearDocument("deleted");
  });
  const source = await open(directory);
  expect(source.documentCount).toBe(0);
  expect(await documentsOf(source)).toEqual([]);
});

test("what y-leveldb leaves when it is killed between two of its writes is read", async () => {
  const withoutStateVector = await written(new Map([["half deleted", ["still there"]]]), (persistence) =>
    persistence._transact((db) => db.del(["v1_sv", "half deleted"])),
  );
  const documents = await documentsOf(await open(withoutStateVector.directory));
  expect(textsByName(documents)).toEqual(new Map([["half deleted", "still there"]]));

  const withoutUpdates = await written(new Map([["half made", ["gone"]]]), (persistence) =>
    persistence._transact((db) => db.del(["v1", "half made", "update", 0])),
  );
  expect(await documentsOf(await open(withoutUpdates.directory))).toEqual([]);
});

test("a directory with a file missing or cut short is called damaged", async () => {
  const missing = await copyOfFixture();
  await rm(join(missing, "000005.ldb"));
  const cut = await copyOfFixture();
  await truncate(join(cut, "000005.ldb"), 1000);
  const temporary = await ownTemporaryDirectory();
  for (const directory of [missing, cut]) {
    await expect(openYLeveldbSource(directory)).rejects.toMatchObject({
      code: "data-corrupt",
      message: expect.stringContaining(`cannot read the LevelDB in ${directory}: `) as string,
    });
  }
  expect(await copiesIn(temporary)).toEqual([]);
});
