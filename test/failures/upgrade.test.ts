/** Promise 8: a directory that format 1 wrote becomes one of format 2, keeps its content, and may be interrupted at it. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { assertFormat } from "@syncline/server/engine";
import { LevelStorage } from "@syncline/server";
import { expect, test } from "vitest";
import { stockClient, synced, synclineClient, until } from "../support/clients.js";
import { diskError, FaultyStore } from "../support/faulty-store.js";
import { closeCode, faultyServer, listed } from "../support/faulty-server.js";
import { copyOf, inDatabase, put } from "./stored.js";

interface Expected {
  readonly text: string;
  readonly map: Record<string, unknown>;
  readonly generation: string;
  readonly lastSeq: number;
}

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/format-1/${name}`, import.meta.url));
const expected = JSON.parse(await readFile(fixture("expected.json"), "utf8")) as Record<string, Expected>;
const names = Object.keys(expected);
const formatKey = new TextEncoder().encode("f");

async function storedFormat(directory: string): Promise<string> {
  const value = await inDatabase(directory, (store) => store.get(formatKey));
  return new TextDecoder().decode(value?.subarray(5));
}

/** What LevelDB holds, but for the format. */
async function everythingIn(directory: string): Promise<string[]> {
  return inDatabase(directory, async (store) => {
    const entries: string[] = [];
    for await (const chunk of store.entries({}, 100)) {
      for (const [key, value] of chunk) {
        entries.push(`${Buffer.from(key).toString("hex")} ${Buffer.from(value).toString("hex")}`);
      }
    }
    return entries.filter((entry) => !entry.startsWith("66 "));
  });
}

async function expectSameContent(url: string): Promise<void> {
  for (const name of names) {
    const reader = stockClient(url, name);
    await synced(reader);
    expect(reader.text.toString()).toBe(expected[name]?.text);
    expect(reader.doc.getMap("map").toJSON()).toEqual(expected[name]?.map);
    reader.destroy();
  }
}

test("a directory of format 1 opens with the same content, generations and places in the log, and is of format 2 then", async () => {
  const directory = await copyOf(fixture("directory"));
  expect(await storedFormat(directory)).toBe("syncline level store 1");
  const storage = await LevelStorage.open(directory);
  await storage.close();
  expect(await storedFormat(directory)).toBe("syncline level store 2");
  const { url, server } = await faultyServer({}, directory);
  expect(await listed(server)).toEqual([...names].sort());
  await expectSameContent(url);
  for (const name of names) {
    const { generation, seq, quarantinedCount } = await server.documents.inspect(name);
    expect([generation, seq, quarantinedCount]).toEqual([expected[name]?.generation, expected[name]?.lastSeq, 0]);
    expect((await server.documents.check(name)).problems).toEqual([]);
  }
});

test("documents of format 1 are edited, compacted and deleted like any other", async () => {
  const directory = await copyOf(fixture("directory"));
  const { url, server, log, close } = await faultyServer({ limits: { compactAboveBytes: 1_000 } }, directory);
  const [edited = "", deleted = ""] = names;
  const author = synclineClient(url, edited);
  await synced(author);
  for (let index = 0; index < 30; index++) {
    author.text.insert(author.text.length, ` ${index}`);
    await author.provider.whenDurable();
  }
  await log.says(/^compacted/);
  await server.documents.delete(deleted);
  const text = author.text.toString();
  author.destroy();
  await close();
  const again = await faultyServer({}, directory);
  const reader = stockClient(again.url, edited);
  await until(reader.doc, () => reader.text.toString() === text);
  expect(await closeCode(stockClient(again.url, deleted))).toBe(4404);
});

test("an upgrade that is interrupted before it says so leaves everything as it was, and can be run again", async () => {
  const directory = await copyOf(fixture("directory"));
  const before = await everythingIn(directory);
  await inDatabase(directory, async (disk) => {
    const store = new FaultyStore(disk);
    store.writes.fail(diskError("ENOSPC"), { kinds: ["format"] });
    await expect(assertFormat(store, directory)).rejects.toThrow(/No space left/);
  });
  expect(await storedFormat(directory)).toBe("syncline level store 1");
  expect(await everythingIn(directory)).toEqual(before);
  const { url, close } = await faultyServer({}, directory);
  await expectSameContent(url);
  await close();
  expect(await storedFormat(directory)).toBe("syncline level store 2");
});

test("an upgrade writes its format so that it survives a power cut", async () => {
  const directory = await copyOf(fixture("directory"));
  await inDatabase(directory, async (disk) => {
    const store = new FaultyStore(disk);
    await assertFormat(store, directory);
    const after = await store.afterPowerCut();
    expect(new TextDecoder().decode((await after.get(formatKey))?.subarray(5))).toBe("syncline level store 2");
  });
});

test("a server of format 1 can read what the format has become", async () => {
  const directory = await copyOf(fixture("directory"));
  const formatOf1 = await inDatabase(directory, (store) => store.get(formatKey));
  await (await LevelStorage.open(directory)).close();
  const formatOf2 = (await inDatabase(directory, (store) => store.get(formatKey))) as Uint8Array;
  // The first byte is the version that vouches for the value: a server of format 1 reads no other.
  expect(formatOf2[0]).toBe(formatOf1?.[0]);
});

test("a directory whose format record was written by a later version is refused with what to do", async () => {
  const directory = await copyOf(fixture("directory"));
  const later = new TextEncoder().encode("syncline level store 3");
  for (const envelopeVersion of [1, 2, 3]) {
    await inDatabase(directory, (store) => put(store, formatKey, sealed(envelopeVersion, later)));
    await expect(LevelStorage.open(directory)).rejects.toMatchObject({
      code: "data-format",
      message: expect.stringMatching(/store 3.*use the version that wrote it/) as string,
    });
  }
});

/** As docs/STORAGE.md has it: version, CRC-32C over key and payload, payload. */
function sealed(version: number, payload: Uint8Array): Uint8Array {
  const value = new Uint8Array(5 + payload.length);
  value[0] = version;
  new DataView(value.buffer).setUint32(1, crc32c(Uint8Array.from([...formatKey, ...payload])));
  value.set(payload, 5);
  return value;
}

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}
