import { chmod, mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { ClassicLevel } from "classic-level";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SynclineError } from "../error.js";
import { formatKey, importKey, pointerKey, recordKey, segmentKey } from "./layout.js";
import { LevelStorage } from "./level.js";
import type { Pointer } from "./storage.js";

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "syncline-level-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

async function openRaw(): Promise<ClassicLevel<Uint8Array, Uint8Array>> {
  const db = new ClassicLevel<Uint8Array, Uint8Array>(directory, { keyEncoding: "view", valueEncoding: "view" });
  await db.open();
  return db;
}

async function write(previousSeq: number, ...updates: readonly number[]): Promise<void> {
  const store = await LevelStorage.open(directory);
  await store.append([
    { documentName: "d", generation: "g", previousSeq, updates: updates.map((byte) => Uint8Array.of(byte)) },
  ]);
  await store.close();
}

async function changeValue(key: Uint8Array, change: (value: Uint8Array) => void): Promise<void> {
  const db = await openRaw();
  const value = Uint8Array.from((await db.get(key)) ?? []);
  change(value);
  await db.put(key, value);
  await db.close();
}

function errorWith(code: string, text: RegExp) {
  return expect.toSatisfy((thrown: unknown) => {
    expect(thrown).toBeInstanceOf(SynclineError);
    expect((thrown as SynclineError).code).toBe(code);
    expect((thrown as SynclineError).message).toMatch(text);
    return true;
  });
}

describe("what LevelStorage.open answers to a directory it cannot use", () => {
  test("a directory that another store has open is named as in use", async () => {
    const first = await LevelStorage.open(directory);
    await expect(LevelStorage.open(directory)).rejects.toEqual(errorWith("data-locked", /in use by another process/));
    await first.close();
  });

  test("a file where the directory should be is named", async () => {
    const file = join(directory, "file");
    await writeFile(file, "text");
    await expect(LevelStorage.open(file)).rejects.toEqual(errorWith("data-unusable", /choose a directory/));
  });

  test.skipIf(process.getuid?.() === 0)("a directory without write permission is named", async () => {
    await chmod(directory, 0o500);
    await expect(LevelStorage.open(directory)).rejects.toEqual(errorWith("data-unusable", /choose a directory/));
  });

  test("a directory with other files is left alone", async () => {
    await writeFile(join(directory, "thesis.txt"), "text");
    await expect(LevelStorage.open(directory)).rejects.toEqual(errorWith("data-format", /thesis\.txt/));
  });

  test("a LevelDB of another program is left alone", async () => {
    const db = await openRaw();
    await db.put(new TextEncoder().encode("users!1"), Uint8Array.of(1));
    await db.close();
    await expect(LevelStorage.open(directory)).rejects.toEqual(errorWith("data-format", /another program/));
  });

  test("a store of another format version says which one it is", async () => {
    await write(0, 1);
    const { seal } = await import("./envelope.js");
    const db = await openRaw();
    await db.put(formatKey, seal(formatKey, [new TextEncoder().encode("syncline level store 7")]));
    await db.close();
    await expect(LevelStorage.open(directory)).rejects.toEqual(errorWith("data-format", /store 7/));
  });
});

test("of two backups at a time the second is refused, and both directories are what they were told to be", async () => {
  await write(0, 1);
  const store = await LevelStorage.open(directory);
  const [first, second] = [join(directory, "..", `${basename(directory)}-1`), join(directory, "other")];
  const running = store.backUp(first);
  await expect(store.backUp(second)).rejects.toEqual(errorWith("data-unusable", /another backup is running/));
  await running;
  await store.close();
  const copy = await LevelStorage.open(first);
  expect(await copy.readPointer("d")).toBeDefined();
  await copy.close();
  await rm(first, { recursive: true });
});

test("a document that has lost its pointer is listed, and is not taken for nothing by who would create it", async () => {
  await write(0, 1);
  const db = await openRaw();
  await db.del(pointerKey("d"));
  await db.put(segmentKey("half imported", 1, 0), Uint8Array.of(1));
  await db.put(importKey("half imported"), Uint8Array.of());
  await db.close();
  const store = await LevelStorage.open(directory);
  const names: string[] = [];
  for await (const name of store.listDocuments()) names.push(name);
  expect(names).toEqual(["d"]);
  expect(await store.createDocument("d", "another")).toBeUndefined();
  expect(await store.createDocument("half imported", "g")).toBeDefined();
  const seqs: number[] = [];
  for await (const { seq } of store.readRecords("d", 0)) seqs.push(seq);
  expect(seqs).toEqual([1]);
  await store.close();
});

test("what lies beside a tombstone is not made a document again", async () => {
  await write(0, 1);
  const store = await LevelStorage.open(directory);
  await store.deleteDocument("d", 1);
  await store.append([{ documentName: "d", generation: "g", previousSeq: 4, updates: [Uint8Array.of(1)] }]);
  const snapshot = { coveredSeq: 5, segments: [Uint8Array.of(1)], contents: new Uint8Array() };
  const repair = { expected: undefined, snapshot, generation: "another", quarantine: [] };
  expect(await store.repairDocument("d", repair)).toBeUndefined();
  expect(await store.readPointer("d")).toBeUndefined();
  expect(await store.readTombstone("d")).toBeDefined();
  await store.close();
});

test("one flipped bit in what says the format does not keep a store from being opened", async () => {
  await write(0, 1);
  await changeValue(formatKey, (value) => (value[7] = (value[7] ?? 0) ^ 1));
  const store = await LevelStorage.open(directory);
  expect(await store.readPointer("d")).toBeDefined();
  await store.close();
});

test("a backup says at once where it cannot be put, and leaves what is there alone", async () => {
  await write(0, 1);
  const store = await LevelStorage.open(directory);
  const [file, full, link, strange] = ["file", "full", "link", "strange"].map((name) =>
    join(directory, "..", `${basename(directory)}-${name}`),
  ) as [string, string, string, string];
  await writeFile(file, "text");
  for (const made of [full, strange, `${strange}.unfinished`]) await mkdir(made);
  await writeFile(join(full, "thesis.txt"), "text");
  await writeFile(join(`${strange}.unfinished`, "thesis.txt"), "text");
  await symlink(full, link);
  for (const place of [file, full, link, strange]) {
    await expect(store.backUp(place)).rejects.toEqual(
      errorWith("data-unusable", /thesis|not empty|not a directory|choose a path/i),
    );
  }
  expect(await readdir(`${strange}.unfinished`)).toEqual(["thesis.txt"]);
  await rm(join(`${strange}.unfinished`, "thesis.txt"));
  await store.backUp(`${strange}/`);
  expect(await readdir(strange)).toContain("CURRENT");
  await store.close();
  for (const made of [file, full, link, strange, `${strange}.unfinished`])
    await rm(made, { recursive: true, force: true });
});

describe("what a damaged value answers", () => {
  test("a record with any one bit changed is refused, never returned", async () => {
    await write(0, 1, 2, 3);
    const key = recordKey("d", 1);
    const db = await openRaw();
    const length = (await db.get(key))?.length ?? 0;
    await db.close();
    for (let byte = 0; byte < length; byte++) {
      await changeValue(key, (value) => (value[byte] = (value[byte] ?? 0) ^ 0x10));
      const store = await LevelStorage.open(directory);
      await expect(async () => {
        for await (const record of store.readRecords("d", 0)) expect(record).toBeUndefined();
      }).rejects.toBeInstanceOf(SynclineError);
      await store.close();
      await changeValue(key, (value) => (value[byte] = (value[byte] ?? 0) ^ 0x10));
    }
  });

  test("a value that turns up under another key is refused", async () => {
    await write(0, 1);
    const db = await openRaw();
    await db.put(pointerKey("other"), (await db.get(pointerKey("d"))) ?? new Uint8Array());
    await db.close();
    const store = await LevelStorage.open(directory);
    await expect(store.readPointer("other")).rejects.toEqual(errorWith("data-corrupt", /checksum/));
    await store.close();
  });
});

test("segments that a crash left without a pointer go with the next snapshot", async () => {
  await write(0, 1);
  const db = await openRaw();
  for (const id of [0, 1, 2]) await db.put(segmentKey("d", 1, id), Uint8Array.of(id));
  await db.close();
  const store = await LevelStorage.open(directory);
  const segments = [Uint8Array.of(9)];
  const before = (await store.readPointer("d")) as Pointer;
  const pointer = await store.replaceSnapshot("d", before, { coveredSeq: 1, segments, contents: new Uint8Array() });
  expect(pointer && (await store.readSegment("d", pointer, 0))).toEqual(segments[0]);
  await store.close();
  const after = await openRaw();
  const keys = await after.keys({ gte: segmentKey("d", 0, 0), lte: segmentKey("d", 9, 0) }).all();
  await after.close();
  expect(keys).toHaveLength(1);
});
