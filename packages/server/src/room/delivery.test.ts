/** Records that are committed at any moment while a member is being sent those before: it gets each of them, in order. */
import { expect, test } from "vitest";
import { VirtualTime } from "../../test-support/virtual-time.js";
import { MemoryStorage } from "../storage/memory.js";
import { emptyPointer } from "../storage/pointer.js";
import { StateVector } from "../update/state-vector.js";
import type { Channel, LogSpan, Wire } from "./channel.js";
import { Delivery } from "./delivery.js";
import type { DeliverySource } from "./delivery-source.js";
import { History } from "./history.js";
import { createSegmentCache } from "./segment-cache.js";

/** Spans and the updates that came with them, as text. */
const wire: Wire = {
  updates: (_room, { after, upTo }: LogSpan, updates) =>
    new TextEncoder().encode(`${after}-${upTo}: ${updates.map((update) => update.join()).join(" ")}`),
  synced: (_room, seq) => new TextEncoder().encode(`synced ${seq}`),
  presence: () => new Uint8Array(),
  event: () => undefined,
};

function twoRecords(): History {
  const services = { documentName: "d", storage: new MemoryStorage(), segmentCache: createSegmentCache(1) };
  const history = new History({ ...services, tailCacheBytes: 1_000 }, emptyPointer("g"), undefined);
  for (const seq of [1, 2]) history.push({ seq, updates: [Uint8Array.of(seq)] });
  return history;
}

/** Of a history whose records have all been relayed. */
function deliveryOf(channel: Channel, history: History, source: Partial<DeliverySource>): Delivery {
  const defaults: DeliverySource = {
    roomNumber: 1,
    history,
    refreshSnapshot: () => Promise.resolve(),
    timers: new VirtualTime(),
    diffSegments: () => Promise.resolve([]),
    version: () => history.seq,
    relayedVersion: () => history.seq,
    relayedAhead: () => [],
    failed: () => undefined,
    maxUnsentBytes: 1,
    lagAllowanceMs: 1,
    slowestReadBytesPerSecond: 1,
  };
  return new Delivery(channel, { ...defaults, ...source }, () => undefined);
}

/** What a member hears when record 3 is committed `turnCount` turns of the microtask queue after record 2 was sent to it. */
async function heardWithCommit(turnCount: number, begin: (delivery: Delivery) => void): Promise<string[]> {
  const heard: string[] = [];
  const history = twoRecords();
  const commit = async () => {
    for (let turn = 0; turn < turnCount; turn++) await undefined;
    history.push({ seq: 3, updates: [Uint8Array.of(3)] });
    delivery.relay(wire.updates(1, { after: 2, upTo: 3 }, [Uint8Array.of(3)]));
    delivery.reached(3);
  };
  const channel = {
    wire,
    unsentBytes: 0,
    send: (bytes: Uint8Array) => {
      heard.push(new TextDecoder().decode(bytes));
      if (heard.length === 1) void commit();
    },
    drained: () => Promise.resolve(),
    leave: (_code: number, reason: string) => heard.push(reason),
  } as unknown as Channel;
  const delivery = deliveryOf(channel, history, { failed: (error) => void heard.push(String(error)) });
  begin(delivery);
  await new Promise<void>((resolve) => setImmediate(resolve));
  return heard.filter((text) => !text.startsWith("synced"));
}

test("a record that is committed while a client catches up is neither missed nor sent before the others", async () => {
  for (let turnCount = 0; turnCount < 40; turnCount++) {
    const joined = await heardWithCommit(turnCount, (delivery) => delivery.begin(new StateVector()));
    expect(joined, `${turnCount} turns`).toEqual(["0-2: 1 2", "2-3: 3"]);
    const resumed = await heardWithCommit(turnCount, (delivery) => delivery.resume(1));
    expect(resumed, `${turnCount} turns`).toEqual(["1-2: 2", "2-3: 3"]);
  }
});

/** A member with a part of a large snapshot, which reads when it is told to. */
function slowAsker() {
  const pieces = { asked: 0, underWay: 0, most: 0 };
  const snapshot = { stateVector: StateVector.decode(Uint8Array.of(1, 1, 10)), deleteSetUpdate: Uint8Array.of(0, 0) };
  const history = {
    seq: 1,
    snapshot,
    snapshotBytes: 1_000_000,
    pointer: { epoch: 1, coveredSeq: 1 },
    recordsSince: () => [],
  } as unknown as History;
  const reading = { unsentBytes: 0, waiting: [] as (() => void)[] };
  const heard: string[] = [];
  const channel = {
    wire,
    get unsentBytes() {
      return reading.unsentBytes;
    },
    send: (bytes: Uint8Array) => void heard.push(new TextDecoder().decode(bytes)),
    drained: () => new Promise<void>((resolve) => void reading.waiting.push(resolve)),
    leave: () => undefined,
  } as unknown as Channel;
  const delivery = deliveryOf(channel, history, {
    diffSegments: async () => {
      pieces.asked += 1;
      pieces.most = Math.max(pieces.most, ++pieces.underWay);
      await new Promise<void>((resolve) => setImmediate(resolve));
      pieces.underWay -= 1;
      return [Uint8Array.of(7)];
    },
    failed: (error) => void heard.push(String(error)),
  });
  const reads = () => {
    reading.unsentBytes = 0;
    for (const resolve of reading.waiting.splice(0)) resolve();
  };
  return { delivery, reading, reads, pieces, heard };
}

const turnsOfTheLoop = async (count: number) => {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => setImmediate(resolve));
};

test("who asks three thousand times what it lacks costs two diffs, one after the other, and is answered", async () => {
  const { delivery, pieces, heard } = slowAsker();
  for (let count = 0; count < 3_000; count++) delivery.begin(StateVector.decode(Uint8Array.of(1, 1, 5)));
  await turnsOfTheLoop(20);
  expect(pieces).toEqual({ asked: 2, underWay: 0, most: 1 });
  expect(heard.at(-1)).toBe("synced 1");
});

test("nothing is worked out for who has not read what it was sent before", async () => {
  const { delivery, reading, reads, pieces, heard } = slowAsker();
  reading.unsentBytes = 100_000;
  for (let count = 0; count < 3_000; count++) delivery.begin(StateVector.decode(Uint8Array.of(1, 1, 5)));
  await turnsOfTheLoop(20);
  expect(pieces.asked).toBe(0);
  reads();
  await turnsOfTheLoop(20);
  expect(pieces.asked).toBe(2);
  expect(heard.at(-1)).toBe("synced 1");
});
