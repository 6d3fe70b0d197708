import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { copyRevocations, RevocationFile } from "./revocation-file.js";

const fileName = "revocations.jsonl";

class World {
  readonly reported: object[] = [];

  private constructor(readonly directory: string) {}

  static async begin(text?: string): Promise<World> {
    const directory = await mkdtemp(join(tmpdir(), "syncline-test-"));
    onTestFinished(() => rm(directory, { recursive: true, force: true }));
    const world = new World(directory);
    if (text !== undefined) await writeFile(world.path, text);
    return world;
  }

  get path(): string {
    return join(this.directory, fileName);
  }

  open(): Promise<RevocationFile> {
    const report = (fields: object) => void this.reported.push(fields);
    const ignore = () => undefined;
    return RevocationFile.open(this.directory, { debug: ignore, info: ignore, warn: ignore, error: report });
  }

  /** What is known after a restart. */
  async known(): Promise<object[]> {
    return [...(await this.open()).revocations];
  }

  text(): Promise<string> {
    return readFile(this.path, "utf8");
  }
}

const alice = { subject: "alice", revokedAt: 1_000 };
const document = { documentName: "plän\n2", revokedAt: 2_000 };
const line = (value: object) => `${JSON.stringify(value)}\n`;

test("what was revoked is known after a restart", async () => {
  const world = await World.begin();
  const file = await world.open();
  expect([...file.revocations]).toEqual([]);
  // Nothing is there that nobody needs.
  expect(await readdir(world.directory)).toEqual([]);
  await Promise.all([alice, document, { tokenId: "t1", revokedAt: 3_000 }].map((each) => file.append(each)));
  expect(await world.known()).toEqual([alice, document, { tokenId: "t1", revokedAt: 3_000 }]);
  expect((await stat(world.path)).mode & 0o777).toBe(0o600);
});

test("it is compacted at the start: the latest of each kind stays", async () => {
  const later = { ...alice, revokedAt: 5_000 };
  const world = await World.begin([alice, later, document, alice].map(line).join(""));
  expect(await world.known()).toEqual([later, document]);
  expect(await world.text()).toBe(line(later) + line(document));
  expect(await readdir(world.directory)).toEqual([fileName]);
  expect(world.reported).toEqual([]);
});

test("a last line that breaks off is dropped, wherever it does, and what comes next is whole", async () => {
  const whole = line(document);
  for (let length = 1; length < whole.length - 1; length++) {
    const world = await World.begin(line(alice) + whole.slice(0, length));
    const file = await world.open();
    expect([...file.revocations]).toEqual([alice]);
    await file.append({ tokenId: "t1", revokedAt: 3_000 });
    expect(await world.known()).toEqual([alice, { tokenId: "t1", revokedAt: 3_000 }]);
    expect(world.reported).toEqual([]);
  }
});

test("a last line that only lacks its end counts", async () => {
  const world = await World.begin(line(alice) + JSON.stringify(document));
  expect(await world.known()).toEqual([alice, document]);
  expect(await world.text()).toBe(line(alice) + line(document));
});

test.each([
  "{",
  "null",
  "7",
  "[]",
  "{}",
  '{"subject":"alice"}',
  '{"revokedAt":1}',
  '{"subject":7,"revokedAt":1}',
  '{"subject":"alice","revokedAt":"now"}',
  "\u0000\u0000",
])("a damaged line is reported, left out, and kept for somebody to look at: %j", async (damaged) => {
  const world = await World.begin(line(alice) + `${damaged}\n` + line(document));
  const file = await world.open();
  expect([...file.revocations]).toEqual([alice, document]);
  expect(world.reported).toEqual([{ path: world.path, line: 2 }]);
  expect((await world.text()).split("\n")).toContain(damaged);
  await file.append({ tokenId: "t1", revokedAt: 3_000 });
  expect(await world.known()).toHaveLength(3);
});

test("a file that cannot be used is said, and by what", async () => {
  const world = await World.begin();
  await rm(world.directory, { recursive: true });
  await writeFile(world.directory, "");
  await expect(world.open()).rejects.toThrow(/revocations\.jsonl: ENOTDIR.*what was revoked would hold again/);
});

test("what could not be written is said; the next is whole all the same", async () => {
  const world = await World.begin();
  const file = await world.open();
  await file.append(alice);
  // A directory in its place: so it is for root, too.
  await rm(world.path);
  await mkdir(world.path);
  const failed = file.append(document);
  await expect(failed).rejects.toThrow(/until the server is restarted, not for longer: cannot write/);
  await expect(failed).rejects.toMatchObject({ code: "data-unusable" });
  await rm(world.path, { recursive: true });
  await writeFile(world.path, line(alice) + '{"subject":"bo');
  await chmod(world.path, 0o600);
  await file.append(document);
  expect(await world.known()).toEqual([alice, document]);
});

test("a copy of the data has what was revoked; where nothing was there is no file", async () => {
  const [world, copy] = [await World.begin(), await World.begin()];
  await copyRevocations(world.directory, copy.directory);
  expect(await readdir(copy.directory)).toEqual([]);
  await (await world.open()).append(alice);
  await copyRevocations(world.directory, copy.directory);
  expect(await copy.known()).toEqual([alice]);
  expect(await readdir(copy.directory)).toEqual([fileName]);
});
