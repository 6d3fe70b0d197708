import { appendFileSync, rmSync, writeFileSync } from "node:fs";
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { copyPrivately } from "./private-copy.js";

async function directoryWith(names: readonly string[]): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), "syncline-test-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  for (const name of names) await writeFile(join(directory, name), `content of ${name}`);
  return directory;
}

test("the wanted files are copied to a directory that nobody else can enter", async () => {
  const directory = await directoryWith(["a", "b", "LOCK"]);
  const copy = await copyPrivately(directory, (name) => name !== "LOCK");
  expect((await readdir(copy.directory)).sort()).toEqual(["a", "b"]);
  expect(await readFile(join(copy.directory, "b"), "utf8")).toBe("content of b");
  expect((await stat(copy.directory)).mode & 0o077).toBe(0);
  await copy.remove();
  await expect(stat(copy.directory)).rejects.toMatchObject({ code: "ENOENT" });
});

test.each([
  ["was written to", (directory: string, name: string) => appendFileSync(join(directory, name), "more")],
  ["appeared", (directory: string, name: string) => writeFileSync(join(directory, `${name}2`), "new")],
  ["went away", (directory: string, name: string) => rmSync(join(directory, name))],
])("a copy in the course of which a file %s is refused", async (_, change) => {
  const directory = await directoryWith(["a", "b"]);
  const seen: string[] = [];
  const isWanted = (name: string) => {
    // The first of the two files has been looked at, and not been copied.
    if (seen.push(name) === 2) change(directory, seen[0] as string);
    return true;
  };
  await expect(copyPrivately(directory, isWanted)).rejects.toMatchObject({
    code: "data-locked",
    message: expect.stringContaining("changed while it was being copied; stop the server") as string,
  });
});

test("files that cannot be copied are named with the reason", async () => {
  const directory = await directoryWith([]);
  await mkdir(join(directory, "folder"));
  await expect(copyPrivately(directory, () => true)).rejects.toMatchObject({
    code: "invalid-option",
    message: expect.stringContaining(`cannot copy ${directory} to ${tmpdir()}: `) as string,
  });
});
