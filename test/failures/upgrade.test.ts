/** Promise 8: a directory that an earlier format wrote becomes one of the present, keeps its content, and may be interrupted at it. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { SynclineProvider } from "@syncline/client";
import { assertFormat } from "@syncline/server/engine";
import { LevelStorage } from "@syncline/server";
import { describe, expect, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
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

type Expectations = Readonly<Record<string, Expected>>;

const present = "syncline level store 3";
const fixture = (format: number, name: string) =>
  fileURLToPath(new URL(`fixtures/format-${format}/${name}`, import.meta.url));
const earlier = [1, 2].map((format) => ({ format, directory: fixture(format, "directory") }));
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

async function expectedOf(format: number): Promise<Expectations> {
  return JSON.parse(await readFile(fixture(format, "expected.json"), "utf8")) as Expectations;
}

async function expectSameContent(url: string, expected: Expectations): Promise<void> {
  for (const name of Object.keys(expected)) {
    const reader = stockClient(url, name);
    await synced(reader);
    expect(reader.text.toString()).toBe(expected[name]?.text);
    expect(reader.doc.getMap("map").toJSON()).toEqual(expected[name]?.map);
    reader.destroy();
  }
}

describe.each(earlier)("a directory of format $format", ({ format, directory: written }) => {
  test("opens with the same content, generations and places in the log, and is of the present format then", async () => {
    const [directory, expected] = [await copyOf(written), await expectedOf(format)];
    expect(await storedFormat(directory)).toBe(`syncline level store ${format}`);
    const storage = await LevelStorage.open(directory);
    await storage.close();
    expect(await storedFormat(directory)).toBe(present);
    const { url, server } = await faultyServer({}, directory);
    expect(await listed(server)).toEqual(Object.keys(expected).sort());
    await expectSameContent(url, expected);
    for (const [name, { generation, lastSeq }] of Object.entries(expected)) {
      const report = await server.documents.inspect(name);
      expect([report.generation, report.seq, report.quarantinedCount]).toEqual([generation, lastSeq, 0]);
      expect((await server.documents.check(name)).problems).toEqual([]);
    }
  });

  test("has documents that are edited, compacted and deleted like any other", async () => {
    const directory = await copyOf(written);
    const { url, server, log, close } = await faultyServer({ limits: { compactAboveBytes: 1_000 } }, directory);
    const [edited = "", deleted = ""] = Object.keys(await expectedOf(format));
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

  test("is as it was when its upgrade is interrupted before it says so, and that can be run again", async () => {
    const directory = await copyOf(written);
    const before = await everythingIn(directory);
    await inDatabase(directory, async (disk) => {
      const store = new FaultyStore(disk);
      store.writes.fail(diskError("ENOSPC"), { kinds: ["format"] });
      await expect(assertFormat(store, directory)).rejects.toThrow(/No space left/);
    });
    expect(await storedFormat(directory)).toBe(`syncline level store ${format}`);
    expect(await everythingIn(directory)).toEqual(before);
    const { url, close } = await faultyServer({}, directory);
    await expectSameContent(url, await expectedOf(format));
    await close();
    expect(await storedFormat(directory)).toBe(present);
  });
});

test("what a server of format 2 had deleted stays so", async () => {
  const { url } = await faultyServer({}, await copyOf(fixture(2, "directory")));
  expect(await closeCode(stockClient(url, "deleted"))).toBe(4404);
});

test("whose client ids are in a document of an earlier format nobody knows: whoever says so first has them", async () => {
  const authorize = ({ token }: { readonly token: string }) =>
    ({ access: "write", subject: token || "reader" }) as const;
  const { url } = await faultyServer({ authorize }, await copyOf(fixture(2, "directory")));
  const { clientId, name } = { clientId: 201, name: "not compacted / ü" };
  const typing = (subject: string) => typeAs(url, { name, clientId, subject });
  expect(await typing("alice")).toBe("durable");
  expect(await typing("mallory")).toBe(4403);
  expect(await typing("alice")).toBe("durable");
});

test("an upgrade writes its format so that it survives a power cut", async () => {
  const directory = await copyOf(fixture(1, "directory"));
  await inDatabase(directory, async (disk) => {
    const store = new FaultyStore(disk);
    await assertFormat(store, directory);
    const after = await store.afterPowerCut();
    expect(new TextDecoder().decode((await after.get(formatKey))?.subarray(5))).toBe(present);
  });
});

test("a server of format 1 can read what the format has become", async () => {
  const directory = await copyOf(fixture(1, "directory"));
  const formatOf1 = await inDatabase(directory, (store) => store.get(formatKey));
  await (await LevelStorage.open(directory)).close();
  const formatNow = (await inDatabase(directory, (store) => store.get(formatKey))) as Uint8Array;
  // The first byte is the version that vouches for the value: a server of format 1 reads no other.
  expect(formatNow[0]).toBe(formatOf1?.[0]);
});

test("a directory whose format record was written by a later version is refused with what to do", async () => {
  const directory = await copyOf(fixture(1, "directory"));
  const later = new TextEncoder().encode("syncline level store 4");
  for (const envelopeVersion of [1, 2, 3, 4]) {
    await inDatabase(directory, (store) => put(store, formatKey, sealed(envelopeVersion, later)));
    await expect(LevelStorage.open(directory)).rejects.toMatchObject({
      code: "data-format",
      message: expect.stringMatching(/store 4.*use the version that wrote it/) as string,
    });
  }
});

/** Types a letter under `clientId`: what became of it. */
async function typeAs(
  url: string,
  { name, clientId, subject }: { readonly name: string; readonly clientId: number; readonly subject: string },
): Promise<"durable" | number> {
  const before = stockClient(url, name);
  await synced(before);
  const doc = new Y.Doc();
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(before.doc));
  before.destroy();
  doc.clientID = clientId;
  const provider = new SynclineProvider(url, name, doc, { WebSocketPolyfill: WebSocket, token: subject });
  const client = { doc, text: doc.getText("text"), provider, destroy: () => provider.destroy() };
  await synced(client);
  const rejected = new Promise<number>((resolve) => provider.once("rejected", ({ code }) => resolve(code)));
  client.text.insert(0, "x");
  const outcome = await Promise.race([
    rejected,
    provider.whenDurable().then(
      () => "durable" as const,
      () => rejected,
    ),
  ]);
  client.destroy();
  return outcome;
}

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
