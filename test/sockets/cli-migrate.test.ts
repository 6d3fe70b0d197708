/** Documents from other systems, on the command line. What each source reads is tested in test/migration. */
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { LeveldbPersistence } from "y-leveldb";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { outputOf, syncline } from "./cli-outcome.js";

const fixtures = new URL("../migration/fixtures/", import.meta.url);

async function expectedTexts(fixture: string): Promise<Map<string, string>> {
  const json = JSON.parse(await readFile(new URL(`${fixture}/expected.json`, fixtures), "utf8"));
  return new Map((json as { name: string; text: string }[]).map(({ name, text }) => [name, text]));
}

async function textsIn(data: string): Promise<Map<string, string>> {
  const lines = (await outputOf(["list", "--json", "--data", data])).trimEnd().split("\n");
  const names = lines.map((line) => (JSON.parse(line) as { name: string }).name);
  const texts = new Map<string, string>();
  for (const name of names) {
    const content = JSON.parse(await outputOf(["export", name, "--json", "--data", data])) as { text?: string };
    texts.set(name, content.text ?? "");
  }
  return texts;
}

describe.each([
  ["into a directory that nobody uses", false],
  ["through a server", true],
])("%s", (_, isServed) => {
  test.each([
    ["y-leveldb", "y-leveldb-0.1/directory", "y-leveldb-0.1"],
    ["hocuspocus-sqlite", "hocuspocus-sqlite/documents.sqlite", "hocuspocus-sqlite"],
  ])("documents of %s come with their content; a second run finds them there", async (system, path, fixture) => {
    const data = await tempDirectory();
    if (isServed) await startServerProcess(data);
    const args = ["migrate", system, fileURLToPath(new URL(path, fixtures)), "--data", data];
    const expected = await expectedTexts(fixture);
    if (system === "y-leveldb") {
      // The name that a y-websocket client asks Syncline for.
      expected.set("plan for zürich", expected.get("plan%20for%20z%C3%BCrich") ?? "");
      expected.delete("plan%20for%20z%C3%BCrich");
    }
    const first = await outputOf(args);
    expect(first).toMatch(new RegExp(`^${expected.size} documents brought over[,;].* read .*/s\\n$`));
    const found = await textsIn(data);
    for (const [name, text] of expected) expect([name, found.get(name)]).toEqual([name, text]);
    expect(found.size).toBe(expected.size);
    expect(await outputOf(args)).toMatch(new RegExp(`^0 documents brought over, ${expected.size} skipped that exist`));
  });
});

test("documents of a y-websocket server come by their names; what it does not have is skipped", async () => {
  const [from, to] = [await tempDirectory(), await tempDirectory()];
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "over the network");
  await outputOf(["import", "notes", "-", "--data", from], { input: Y.encodeStateAsUpdate(doc) });
  const server = await startServerProcess(from);
  const output = await outputOf(["migrate", "websocket", server.url, "notes", "unknown", "--data", to]);
  expect(output).toMatch(/^1 document brought over, 1 skipped without content;/);
  expect(await textsIn(to)).toEqual(new Map([["notes", "over the network"]]));
});

test("one that was interrupted goes on where it was, and says what it left out", async () => {
  const documentCount = 300;
  const [from, data] = [await tempDirectory(), await tempDirectory()];
  const persistence = new LeveldbPersistence(from);
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "content");
  const update = Y.encodeStateAsUpdate(doc);
  const names = Array.from({ length: documentCount }, (_, index) => `${1000 + index}`);
  for (const name of names) await persistence.storeUpdate(name, update);
  await persistence.storeUpdate("1000", Uint8Array.of(7, 7, 7));
  await persistence.destroy();

  const args = ["migrate", "y-leveldb", from, "--data", data];
  const stopped = await syncline(args, {
    signalWhen: (errors) => (errors === "" || errors.includes("stopped") ? undefined : "SIGINT"),
  });
  expect(stopped.errors).toMatch(
    /^1000: left out: update 2: .*\nsyncline: stopped; what was done is complete, and it can be run again\n$/,
  );
  expect([stopped.exitCode, stopped.output]).toEqual([130, ""]);
  const doneCount = (await outputOf(["list", "--data", data])).trimEnd().split("\n").length;
  expect(doneCount).toBeGreaterThan(0);
  expect(doneCount).toBeLessThan(documentCount);

  const again = await outputOf(args);
  expect(again).toMatch(
    new RegExp(`^${documentCount - doneCount} documents brought over, ${doneCount} skipped that exist;`),
  );
  expect(await outputOf(["verify", "--data", data])).toBe(`${documentCount} documents, 0 with problems\n`);
});

const { Database } = createRequire(import.meta.url)("node-sqlite3-wasm") as {
  Database: new (file: string) => { exec(sql: string): void; run(sql: string, values: unknown[]): void; close(): void };
};

test("a document of which nothing can be read, or whose name cannot be one, is named and not made", async () => {
  const data = await tempDirectory();
  const file = join(await tempDirectory(), "documents.sqlite");
  const db = new Database(file);
  db.exec("CREATE TABLE documents (name varchar(255) NOT NULL, data blob NOT NULL, UNIQUE(name))");
  const update = Y.encodeStateAsUpdate(new Y.Doc());
  const rows: [string, Uint8Array][] = [
    ["good", update],
    ["n".repeat(300), update],
    ["garbage", Uint8Array.of(9, 9, 9)],
  ];
  for (const row of rows) db.run("INSERT INTO documents VALUES (?, ?)", row);
  db.close();
  for (const result of [
    /^1 document brought over, 2 not brought over;/,
    /^0 .*, 1 skipped that exist, 2 not brought/,
  ]) {
    const { exitCode, output, errors } = await syncline(["migrate", "hocuspocus-sqlite", file, "--data", data]);
    expect([exitCode, output]).toEqual([1, expect.stringMatching(result)]);
    expect(errors).toMatch(
      /^n{300}: not brought over: .* cannot be a document: the document name is 300 bytes or more/,
    );
    expect(errors).toMatch(/^garbage: not brought over: nothing of it can be used: /m);
  }
  expect(await outputOf(["list", "--data", data])).toMatch(/^good\t.*\n$/);
});
