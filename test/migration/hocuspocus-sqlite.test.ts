/** Files that Hocuspocus' SQLite extension has written (fixtures), and files that are something else. */
import { copyFile, cp, open as openFile, readdir, symlink, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { createRequire } from "node:module";
import { expect, onTestFinished, test } from "vitest";
import { openHocuspocusSqliteSource } from "../../packages/server/dist/migration/hocuspocus-sqlite.js";
import { tempDirectory } from "../support/temp-directory.js";
import {
  copiesIn,
  documentsOf,
  expectedTexts,
  filesIn,
  ownTemporaryDirectory,
  textsByName,
} from "./source-contents.js";

interface SqliteDatabase {
  exec(sql: string): void;
  run(sql: string, values: readonly unknown[]): void;
  close(): void;
}
const { Database } = createRequire(import.meta.url)("node-sqlite3-wasm") as {
  readonly Database: new (file: string) => SqliteDatabase;
};

const fixtures = new URL("fixtures/hocuspocus-sqlite/", import.meta.url);

async function copyOfFixture(folder = "."): Promise<{ readonly directory: string; readonly file: string }> {
  const directory = await tempDirectory();
  await cp(fileURLToPath(new URL(`${folder}/`, fixtures)), directory, { recursive: true });
  return { directory, file: join(directory, "documents.sqlite") };
}

/** A file made by `sql`. */
async function made(sql: string, rows: readonly (readonly unknown[])[] = []): Promise<string> {
  const file = join(await tempDirectory(), "made.sqlite");
  const db = new Database(file);
  db.exec(sql);
  for (const row of rows) db.run("INSERT INTO documents (name, data) VALUES (?, ?)", row);
  db.close();
  return file;
}

async function open(file: string) {
  const source = await openHocuspocusSqliteSource(file);
  onTestFinished(() => source.close());
  return source;
}

const table = 'CREATE TABLE "documents" ("name" varchar(255) NOT NULL, "data" blob NOT NULL, UNIQUE(name))';

test("Hocuspocus 4.7: every document comes, with what Hocuspocus held", async () => {
  const source = await open(fileURLToPath(new URL("documents.sqlite", fixtures)));
  const expected = await expectedTexts(new URL("expected.json", fixtures));
  expect(source.documentCount).toBe(expected.size);
  const documents = await documentsOf(source);
  expect(documents.length).toBe(expected.size);
  expect(textsByName(documents)).toEqual(expected);
});

test("what a killed server left in the write-ahead log comes too", async () => {
  const { file } = await copyOfFixture("write-ahead-log");
  const found = textsByName(await documentsOf(await open(file)));
  expect(found).toEqual(
    new Map([
      ["before", "stored before"],
      ["after", "only in the write-ahead log"],
    ]),
  );
});

test("the file is found through a link, with its write-ahead log", async () => {
  const { file } = await copyOfFixture("write-ahead-log");
  const link = join(await tempDirectory(), "link.sqlite");
  await symlink(file, link);
  expect((await documentsOf(await open(link))).length).toBe(2);
});

test("the file stays as it is, nothing is put beside it, and no copy is left", async () => {
  const { directory, file } = await copyOfFixture("write-ahead-log");
  const before = await filesIn(directory);
  const temporary = await ownTemporaryDirectory();
  const source = await open(file);
  for await (const document of source.documents()) {
    expect(document.name).toBe("before");
    expect(await filesIn(directory)).toEqual(before);
    break;
  }
  expect((await copiesIn(temporary)).length).toBe(1);
  await source.close();
  await source.close();
  expect(await copiesIn(temporary)).toEqual([]);
  expect(await filesIn(directory)).toEqual(before);
});

test("reading a source that was closed says so", async () => {
  const source = await open(fileURLToPath(new URL("documents.sqlite", fixtures)));
  const documents = source.documents()[Symbol.asyncIterator]();
  await documents.next();
  await source.close();
  await expect(documents.next()).rejects.toMatchObject({ code: "closed" });
});

test("a transaction that was cut off has to be rolled back first", async () => {
  const { directory, file } = await copyOfFixture();
  const journal = `${file}-journal`;
  // How SQLite's rollback journals begin.
  await writeFile(journal, Uint8Array.of(0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7, ...new Uint8Array(504)));
  await expect(openHocuspocusSqliteSource(file)).rejects.toMatchObject({
    code: "data-locked",
    message: expect.stringContaining("holds a transaction that was cut off") as string,
  });
  expect(await readdir(directory)).toContain("documents.sqlite-journal");
  // With journal_mode = PERSIST a finished transaction leaves its journal, blanked.
  await writeFile(journal, new Uint8Array(512));
  expect((await documentsOf(await open(file))).length).toBe(5);
});

test("values of any type and size come as the bytes they are", async () => {
  const file = await made(table, [
    ["text", "abc"],
    [7, new Uint8Array(0)],
    ["large", new Uint8Array(20_000_000).fill(5)],
  ]);
  const db = new Database(file);
  db.exec("INSERT INTO documents (name, data) VALUES (CAST(x'610062' AS TEXT), x'0102')");
  db.close();
  const documents = await documentsOf(await open(file));
  expect(documents.map(({ name, updates }) => [name, updates.map((update) => update.length)])).toEqual([
    ["text", [3]],
    ["7", []],
    ["large", [20_000_000]],
    ["a\0b", [2]],
  ]);
  expect(documents[2]?.updates[0]?.every((byte) => byte === 5)).toBe(true);
});

test("rows come one by one and in order, whatever their ids", async () => {
  const file = await made(table, [["first", new Uint8Array([1])]]);
  const db = new Database(file);
  db.exec("INSERT INTO documents (rowid, name, data) VALUES (-5, 'negative', x'02')");
  db.exec("INSERT INTO documents (rowid, name, data) VALUES (9223372036854775807, 'last', x'03')");
  db.close();
  const source = await open(file);
  expect(source.documentCount).toBe(3);
  expect((await documentsOf(source)).map(({ name }) => name)).toEqual(["negative", "first", "last"]);
});

test("what is not a file of Hocuspocus is refused by name", async () => {
  const directory = await tempDirectory();
  const temporary = await ownTemporaryDirectory();
  const refusal = async (file: string) => openHocuspocusSqliteSource(file).catch((error: unknown) => error);
  expect(await refusal(join(directory, "missing.sqlite"))).toMatchObject({
    code: "invalid-option",
    message: expect.stringContaining("no such file") as string,
  });
  expect(await refusal(directory)).toMatchObject({ code: "invalid-option" });
  for (const bytes of [new Uint8Array(0), new Uint8Array(8192).fill(0xa7)]) {
    const file = join(directory, `${bytes.length}.sqlite`);
    await writeFile(file, bytes);
    expect(await refusal(file)).toMatchObject({
      code: "invalid-option",
      message: `${file} is not an SQLite file, or it is encrypted: decrypt it first`,
    });
  }
  const other = await made("CREATE TABLE people (name text)");
  expect(await refusal(other)).toMatchObject({
    code: "invalid-option",
    message: `${other} has no table documents(name, data) as Hocuspocus makes it (its tables: people)`,
  });
  const otherColumns = await made("CREATE TABLE documents (id text, content blob)");
  expect(await refusal(otherColumns)).toMatchObject({ code: "invalid-option" });
  expect(await copiesIn(temporary)).toEqual([]);
});

test("a file that is damaged or cut short is called so", async () => {
  const temporary = await ownTemporaryDirectory();
  const { directory, file } = await copyOfFixture();
  const cut = join(directory, "cut.sqlite");
  await copyFile(file, cut);
  await truncate(cut, 5000);
  const damaged = join(directory, "damaged.sqlite");
  await copyFile(file, damaged);
  const handle = await openFile(damaged, "r+");
  await handle.write(new Uint8Array(4096).fill(0xff), 0, 4096, 4096);
  await handle.close();
  for (const bad of [cut, damaged]) {
    const read = async () => {
      const source = await openHocuspocusSqliteSource(bad);
      await documentsOf(source).finally(() => source.close());
    };
    await expect(read()).rejects.toMatchObject({
      code: "data-corrupt",
      message: expect.stringContaining(`cannot read ${bad}: `) as string,
    });
  }
  expect(await copiesIn(temporary)).toEqual([]);
});
