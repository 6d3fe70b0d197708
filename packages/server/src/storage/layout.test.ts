/** What is stored and cannot be read is damage, whatever its checksum says; and what nobody writes does no harm. */
import { describe, expect, test } from "vitest";
import { SynclineError } from "../error.js";
import {
  decodePointer,
  decodeQuarantineEntry,
  decodeRecordPayload,
  decodeTombstone,
  encodePointer,
  encodeQuarantineEntry,
  encodeTombstone,
  pointerKey,
  recordKey,
  recordPayloadParts,
} from "./layout.js";
import { KeyValueStorage } from "./key-value-storage.js";
import { MemoryKeyValueStore } from "./memory.js";

const pointer = {
  generation: "generation",
  epoch: 2,
  coveredSeq: 7,
  segments: [{ id: 0, byteLength: 300 }],
  quarantinedCount: 1,
};
const tombstone = { generation: "generation", deletedAt: 1_800_000_000_000 };
const entry = { origin: "record 3", reason: "it is missing", quarantinedAt: 5, bytes: Uint8Array.of(1, 2, 3) };
const record = Uint8Array.of(
  ...recordPayloadParts([Uint8Array.of(0, 0), Uint8Array.of(1, 2, 3)]).flatMap((part) => [...part]),
);

describe.each<readonly [what: string, payload: Uint8Array, decode: (payload: Uint8Array) => unknown]>([
  ["a pointer", encodePointer(pointer), decodePointer],
  ["a tombstone", encodeTombstone(tombstone), decodeTombstone],
  ["an entry of the quarantine", encodeQuarantineEntry(entry), decodeQuarantineEntry],
  ["a record", record, decodeRecordPayload],
])("%s", (_what, payload, decode) => {
  test("is read as it was written", () => {
    expect(() => decode(payload)).not.toThrow();
  });

  test.each([
    ["cut short", payload.slice(0, -3)],
    ["of a number in more bytes than it needs", Uint8Array.of(0x80, 0x00)],
    ["of a text that is longer than all of it", Uint8Array.of(0xff, 0x7f, 1)],
  ])("that is %s is damage", (_how, bytes) => {
    expect(() => decode(bytes)).toThrow(SynclineError);
    expect(() => decode(bytes)).toThrow(expect.objectContaining({ code: "data-corrupt" }) as Error);
  });
});

test.each([
  ["the zero after its name", (key: Uint8Array) => key.slice(0, 5)],
  ["all but its kind", (key: Uint8Array) => key.slice(0, 1)],
])("a key that lacks %s does not keep the documents from being listed", async (_what, cut) => {
  const store = new MemoryKeyValueStore();
  const storage = new KeyValueStorage(store, { durability: "memory" });
  await storage.createDocument("room", "generation");
  const batch = store.batch();
  batch.put(cut(recordKey("room", 1)), Uint8Array.of(1));
  batch.put(recordKey("soon", 1), Uint8Array.of(1));
  batch.put(cut(pointerKey("other")), Uint8Array.of(1));
  await batch.write({ sync: true });
  const names: string[] = [];
  for await (const name of storage.listDocuments()) names.push(name);
  expect(names).toContain("room");
  expect(names).toContain("soon");
});
