/** Documents on the command line: each command on a directory that nobody uses, and on one that a server has open. */
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { outputOf, syncline } from "./cli-outcome.js";

function someDocument(text: string): { readonly doc: Y.Doc; readonly update: Uint8Array } {
  const doc = new Y.Doc();
  doc.getText("text").insert(0, text);
  doc.getMap("meta").set("title", { en: text });
  return { doc, update: Y.encodeStateAsUpdate(doc) };
}

function jsonOf(update: Uint8Array): unknown {
  const doc = new Y.Doc();
  Y.applyUpdate(doc, update);
  return { text: doc.getText("text").toString(), meta: doc.getMap("meta").toJSON() };
}

interface Place {
  readonly data: string;
  /** Runs a command on the data. */
  readonly run: (...args: readonly string[]) => ReturnType<typeof syncline>;
  readonly output: (...args: readonly string[]) => Promise<string>;
  /** Puts a document in. */
  readonly put: (name: string, update: Uint8Array, ...args: readonly string[]) => Promise<string>;
}

async function place(isServed: boolean): Promise<Place> {
  const data = await tempDirectory();
  if (isServed) await startServerProcess(data);
  const on = (args: readonly string[]) => [...args, "--data", data];
  return {
    data,
    run: (...args) => syncline(on(args)),
    output: (...args) => outputOf(on(args)),
    put: (name, input, ...args) => outputOf(on(["import", name, "-", ...args]), { input }),
  };
}

describe.each([
  ["a directory that nobody uses", false],
  ["a directory that a server has open", true],
])("on %s", (_, isServed) => {
  test("what is imported is what is exported", async () => {
    const { run, put, output } = await place(isServed);
    const { update } = someDocument("round trip");
    expect(await put("notes", update)).toMatch(/^notes: \d+ B imported\n$/);
    expect((await run("export", "notes")).bytes).toEqual(Buffer.from(update));
    const file = join(await tempDirectory(), "notes.bin");
    expect(await output("export", "notes", "--out", file)).toBe("");
    expect(new Uint8Array(await readFile(file))).toEqual(update);
    expect(JSON.parse(await output("export", "notes", "--json"))).toEqual(jsonOf(update));
  });

  test("import leaves a document that exists alone, unless it is to be replaced", async () => {
    const { data, put, run } = await place(isServed);
    const { update } = someDocument("old");
    await put("notes", update);
    const refused = await syncline(["import", "notes", "-", "--data", data], { input: someDocument("new").update });
    expect(refused.exitCode).toBe(1);
    expect(refused.errors).toMatch(/^syncline: the document "notes" exists; .*--replace.*\n$/);
    expect(jsonOf((await run("export", "notes")).bytes)).toEqual(jsonOf(update));
    await put("notes", someDocument("new").update, "--replace");
    expect(jsonOf((await run("export", "notes")).bytes)).toMatchObject({ text: "new" });
  });

  test("import says what it had to leave out", async () => {
    const { data, output } = await place(isServed);
    const doc = new Y.Doc();
    const updates: Uint8Array[] = [];
    doc.on("update", (update: Uint8Array) => updates.push(update));
    for (const word of ["one ", "two ", "three "]) doc.getText("text").insert(doc.getText("text").length, word);
    const input = Y.mergeUpdates([updates[0] as Uint8Array, updates[2] as Uint8Array]);
    const { errors, exitCode } = await syncline(["import", "gap", "-", "--data", data], { input });
    expect(errors).toMatch(/^left out: \d+ B that lean on something that is not in the file\n$/);
    expect(exitCode).toBe(0);
    expect(JSON.parse(await output("export", "gap", "--json"))).toEqual({ text: "one " });
  });

  test("a file that is no update changes nothing, also with --replace", async () => {
    const { data, put, run } = await place(isServed);
    const { update } = someDocument("kept");
    await put("notes", update);
    const { exitCode, errors } = await syncline(["import", "notes", "-", "--replace", "--data", data], {
      input: new TextEncoder().encode("not an update at all"),
    });
    expect(exitCode).toBe(1);
    expect(errors).toMatch(/nothing of it can be used: .*; nothing was changed/);
    expect((await run("export", "notes")).bytes).toEqual(Buffer.from(update));
  });

  test("list in a pipe is a line a document with tabs; names cannot turn the line around", async () => {
    const { put, output } = await place(isServed);
    const { update } = someDocument("listed");
    for (const name of ["notes", "a\\b", "\u202egnp.exe"]) await put(name, update);
    const lines = (await output("list")).trimEnd().split("\n");
    const row = `\t1\t${update.length}\t0\tok`;
    expect(lines.toSorted()).toEqual([`\\u{202e}gnp.exe${row}`, `a\\\\b${row}`, `notes${row}`].toSorted());
    const rows = (await output("list", "--json")).trimEnd().split("\n");
    expect(rows.map((line) => (JSON.parse(line) as { name: string }).name).toSorted()).toEqual(
      ["notes", "a\\b", "\u202egnp.exe"].toSorted(),
    );
  });

  test("inspect shows snapshot, log, clients and quarantine", async () => {
    const { put, output } = await place(isServed);
    const { doc, update } = someDocument("inspected");
    await put("notes", update);
    const text = await output("inspect", "notes");
    expect(text).toMatch(/^document {4}notes\ngeneration {2}[0-9a-f-]{36}\nseq {9}1, 1 of them in the snapshot\n/);
    expect(text).toContain(`segment 0: ${update.length} B`);
    expect(text).toContain(`client ${doc.clientID}: clock 10`);
    expect(text).toContain("quarantine  empty");
    expect(JSON.parse(await output("inspect", "notes", "--json"))).toMatchObject({
      name: "notes",
      segments: [{ id: 0, byteLength: update.length }],
      stateVector: [{ client: doc.clientID, clock: 10 }],
      quarantine: [],
    });
  });

  test("verify finds nothing wrong with sound documents", async () => {
    const { put, output } = await place(isServed);
    for (const name of ["one", "two"]) await put(name, someDocument(name).update);
    expect(await output("verify")).toBe("2 documents, 0 with problems\n");
    expect(await output("verify", "two", "--repair")).toBe("1 document, 0 with problems\n");
    expect(JSON.parse(await output("verify", "one", "--json"))).toEqual({ name: "one", problems: [], setAside: [] });
  });

  test("delete wants to be told twice; recreate gives the name another generation", async () => {
    const { put, run, output } = await place(isServed);
    await put("notes", someDocument("gone").update);
    const generation = async () =>
      (JSON.parse(await output("inspect", "notes", "--json")) as { generation: string }).generation;
    const before = await generation();
    const asked = await run("delete", "notes");
    expect(asked.exitCode).toBe(1);
    expect(asked.errors).toMatch(
      /^syncline: this would delete "notes" \(seq 1, \d+ B\) for good; say --yes to do it\n$/,
    );
    expect(await generation()).toBe(before);
    expect(await output("delete", "notes", "--yes")).toBe("notes: deleted\n");
    expect(await output("list")).toBe("");
    expect(await output("recreate", "notes")).toBe("notes: created, empty\n");
    expect(await generation()).not.toBe(before);
    expect((await run("recreate", "notes")).errors).toMatch(/^syncline: the document "notes" exists/);
  });

  test("backup makes a directory that can be looked at and served", async () => {
    const { put, output, run } = await place(isServed);
    const { update } = someDocument("backed up");
    await put("notes", update);
    const parent = await tempDirectory();
    const directory = join(parent, "copy");
    expect(await output("backup", directory)).toContain(
      `in ${directory}; to start on it: syncline serve --data ${directory}`,
    );
    expect((await syncline(["export", "notes", "--data", directory])).bytes).toEqual(Buffer.from(update));
    expect(await readdir(parent)).toEqual(["copy"]);
    const again = await run("backup", directory);
    expect(again.exitCode).toBe(1);
    expect(again.errors).toMatch(
      /^syncline: cannot put a backup at .*: it is not empty; choose a path where nothing is/,
    );
    expect((await syncline(["export", "notes", "--data", directory])).bytes).toEqual(Buffer.from(update));
  });

  test("a document that is not there is named, with where to look, and does not come to be", async () => {
    const { put, run, output } = await place(isServed);
    await put("there", someDocument("there").update);
    const commands = [["inspect"], ["export"], ["verify", "--repair"], ["delete", "--yes"]];
    for (const [command = "", ...flags] of commands) {
      const { exitCode, errors } = await run(command, "not there", ...flags);
      expect(exitCode).toBe(1);
      expect(errors).toBe('syncline: there is no document "not there"; syncline list shows what there is\n');
    }
    expect(await output("list")).toMatch(/^there\t.*\n$/);
  });
});

test("no command that reads makes a data directory where there is none", async () => {
  const directory = await tempDirectory();
  const commands = ["list", "inspect a", "export a", "verify", "backup copy", "delete a", "recreate a"];
  const outcomes = await Promise.all(
    commands.map((command) => syncline([...command.split(" "), "--data", "typo"], { directory })),
  );
  const message = `syncline: there is no data in ${join(directory, "typo")}; --data says where it is\n`;
  expect(outcomes.map(({ exitCode, errors }) => [exitCode, errors])).toEqual(commands.map(() => [1, message]));
  expect(await readdir(directory)).toEqual([]);
});

const mistakes: [args: string[], message: RegExp][] = [
  [["list", "--jsn"], /unknown option '--jsn'/],
  [["inspect"], /missing required argument 'name'/],
  [["import", "a"], /missing required argument 'file'/],
  [["import", "", "-"], /"" cannot be a document: the document name is empty/],
  [["export", "a\u0007"], /cannot be a document: the document name holds a control character/],
  [["import", "a", "/does/not/exist"], /cannot read \/does\/not\/exist: ENOENT/],
  [["migrate", "y-leveldb", "."], /is not a y-leveldb directory|cannot|no /],
  [["migrate", "y-leveldb", ".", "--names", "guessed"], /Allowed choices are decoded, as-stored/],
  [["migrate", "websocket", "http://127.0.0.1:1", "a"], /must begin with ws:\/\/ or wss:\/\//],
];

test("a mistake is one clear message and no stack", async () => {
  const directory = await tempDirectory();
  const outcomes = await Promise.all(mistakes.map(([args]) => syncline(args, { directory })));
  for (const [index, { exitCode, errors }] of outcomes.entries()) {
    expect([exitCode, errors]).toEqual([1, expect.stringMatching((mistakes[index] as (typeof mistakes)[0])[1])]);
    expect(errors).not.toContain("    at ");
  }
});

test("a LevelDB without its CURRENT is not taken for a new one", async () => {
  const { data, put } = await place(false);
  await put("notes", someDocument("kept").update);
  // Twice opened, what was in LevelDB's log is in a table.
  await outputOf(["list", "--data", data]);
  await rm(join(data, "CURRENT"));
  const before = await readdir(data);
  for (const args of [["list"], ["import", "b", "-"]]) {
    const { exitCode, errors } = await syncline([...args, "--data", data], { input: someDocument("b").update });
    expect(exitCode).toBe(1);
    expect(errors).toMatch(/holds data, but its file CURRENT is missing; start on a backup/);
  }
  expect(await readdir(data)).toEqual(before);
});

test("a LevelDB that does not open says what to do, and is rebuilt when it is told to", async () => {
  const { data, put, run, output } = await place(false);
  const { update } = someDocument("kept");
  await put("notes", update);
  const manifest = (await readdir(data)).find((name) => name.startsWith("MANIFEST")) ?? "";
  await writeFile(join(data, manifest), "garbage");
  for (const command of ["verify", "list"]) {
    const { exitCode, errors } = await run(command);
    expect(exitCode).toBe(1);
    expect(errors).toMatch(
      /^syncline: cannot open the data in .*; start on a backup, .*verify --repair on the copy\n$/,
    );
  }
  const repaired = await run("verify", "--repair");
  expect([repaired.exitCode, repaired.output]).toEqual([0, "1 document, 0 with problems\n"]);
  expect(repaired.errors).toMatch(/rebuilt from what can be read/);
  expect(JSON.parse(await output("export", "notes", "--json"))).toEqual(jsonOf(update));
});
