/**
 * Promise 4, beneath LevelDB: bytes of its files are changed at random places while it is stopped. Then everything is opened.
 * What LevelDB makes of that differs with the place; the server must not fall over any of it, nor serve anything wrong.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SynclineError, LevelStorage } from "@syncline/server";
import { openLevelDatabase } from "@syncline/server/engine";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Random } from "../fixtures/random.js";
import { synced, synclineClient } from "../support/clients.js";
import { faultyServer, type FaultyServer } from "../support/faulty-server.js";
import {
  append,
  contentOnServer,
  copyOf,
  entryCounts,
  entryUpdate,
  inDatabase,
  makeStore,
  storedNames,
  storedValue,
  wholeContent,
  type StoredName,
} from "./stored.js";

const seedCount = Number(process.env["FLIP_SEEDS"] ?? 8);
const firstSeed = Number(process.env["FLIP_FIRST_SEED"] ?? 1);

let made: Awaited<ReturnType<typeof makeStore>>;
beforeAll(async () => {
  made = await makeStore();
  // Everything into tables; then a few records more, so that the log holds something, too.
  const db = await openLevelDatabase(made.directory);
  await db.compactRange(Uint8Array.of(0), Uint8Array.of(255));
  await db.close();
  const storage = await LevelStorage.open(made.directory);
  await append(storage, "records", 12, [entryUpdate("records", 12), entryUpdate("records", 13)]);
  await storage.close();
});
afterAll(() => made.remove());

/** Changes `count` bytes of the files whose names end in `ending`, at places and in ways the seed decides. */
async function flipBytes(directory: string, ending: string, random: Random, count: number): Promise<void> {
  const names = (await readdir(directory)).filter((name) => name.endsWith(ending)).sort();
  for (let flip = 0; flip < count; flip++) {
    const file = join(directory, random.pick(names));
    const bytes = await readFile(file);
    if (bytes.length === 0) continue;
    const at = random.int(bytes.length);
    bytes[at] = (bytes[at] as number) ^ (1 << random.int(8));
    await writeFile(file, bytes);
  }
}

interface Outcome {
  readonly whole: StoredName[];
  readonly degraded: StoredName[];
  /** Less than there was, without anything that says so. */
  readonly silent: StoredName[];
}

async function openEverything({ url, server, log }: FaultyServer): Promise<Outcome> {
  const outcome: Outcome = { whole: [], degraded: [], silent: [] };
  for (const name of storedNames) {
    const content = await contentOnServer(url, name);
    const whole: Record<string, string> = wholeContent(name);
    if (name === "records") {
      for (const index of [12, 13]) whole[`k${index}`] = storedValue(name, index);
    }
    for (const [key, value] of Object.entries(content)) {
      if (value !== whole[key]) throw new Error(`${name}: ${key} is wrong`);
    }
    const quarantinedCount = await quarantinedIn(server, name);
    if (quarantinedCount > 0) {
      outcome.degraded.push(name);
      expect(log.having(/was repaired/).some(({ fields }) => fields["documentName"] === name)).toBe(true);
    } else (Object.keys(content).length === Object.keys(whole).length ? outcome.whole : outcome.silent).push(name);
  }
  return outcome;
}

async function quarantinedIn(server: FaultyServer["server"], name: string): Promise<number> {
  try {
    const { quarantine } = await server.documents.inspect(name);
    for (const { origin, reason } of quarantine) expect([origin, reason]).not.toContain("");
    return quarantine.length;
  } catch (thrown) {
    if (thrown instanceof SynclineError && thrown.code === "document-not-found") return 0;
    throw thrown;
  }
}

/** Each document takes an edit, acknowledges it, and has it after a restart with all it had before. */
async function expectUsable(running: FaultyServer): Promise<void> {
  const before = await Promise.all(storedNames.map((name) => edit(running.url, name)));
  await running.close();
  const { url } = await faultyServer({}, running.directory);
  expect(await Promise.all(storedNames.map((name) => contentOnServer(url, name)))).toEqual(before);
}

async function edit(url: string, name: string): Promise<object> {
  const author = synclineClient(url, name);
  const { doc, provider, destroy } = author;
  await synced(author);
  doc.getMap("map").set("edited", name);
  await provider.whenDurable();
  const content = doc.getMap("map").toJSON();
  destroy();
  return content;
}

test.each(Array.from({ length: seedCount }, (_, index) => firstSeed + index))(
  "with bytes of its tables changed (seed %i) the server serves nothing wrong, says what is lost, and goes on",
  async (seed) => {
    const random = new Random(seed);
    const directory = await copyOf(made.directory);
    await flipBytes(directory, ".ldb", random, 1 + random.int(4));
    const running = await faultyServer({ limits: { unloadAfterMs: 0 } }, directory);
    const outcome = await openEverything(running);
    if (process.env["FLIP_SEEDS"]) console.log(seed, JSON.stringify(outcome));
    expect(outcome.silent).toEqual([]);
    await expectUsable(running);
  },
);

test.each([1, 2, 3, 4])(
  "with bytes of its log changed (seed %i) the server opens, serves nothing wrong, and goes on",
  async (seed) => {
    const random = new Random(1_000 + seed);
    const directory = await copyOf(made.directory);
    await flipBytes(directory, ".log", random, 1 + random.int(2));
    const running = await faultyServer({ limits: { unloadAfterMs: 0 } }, directory);
    const { whole, degraded } = await openEverything(running);
    // LevelDB drops what it cannot read of the end of its log, and nobody can know what that was.
    expect([...whole, ...degraded, "records"]).toEqual(expect.arrayContaining([...storedNames]));
    const kept = Object.keys(await contentOnServer(running.url, "records")).length;
    expect(kept).toBeGreaterThanOrEqual(entryCounts.records);
    await expectUsable(running);
  },
);

test("with the block damaged that says what the store is, the server starts, says so, and serves what lies elsewhere", async () => {
  const directory = await copyOf(made.directory);
  for (const name of (await readdir(directory)).filter((name) => name.endsWith(".ldb"))) {
    const bytes = await readFile(join(directory, name));
    // The first block: its keys begin with c, f and p.
    bytes.fill(0xff, 0, 40);
    await writeFile(join(directory, name), bytes);
  }
  const running = await faultyServer({ limits: { unloadAfterMs: 0 } }, directory);
  expect(running.log.having(/the store was mended/)).toHaveLength(1);
  const { silent, degraded } = await openEverything(running);
  expect(silent).toEqual([]);
  expect(degraded.length).toBeGreaterThan(0);
  await expectUsable(running);
});

test("the files of the store are what the bytes are flipped in", async () => {
  const names = await readdir(made.directory);
  expect(names.some((name) => name.endsWith(".ldb"))).toBe(true);
  expect(
    await inDatabase(
      await copyOf(made.directory),
      async (store) => (await store.get(Uint8Array.of(0x66))) !== undefined,
    ),
  ).toBe(true);
});
