import { expect, test } from "vitest";
import { StateVector } from "../update/state-vector.js";
import { RoomSize } from "./room-size.js";

const adds = { blocks: [1, 0, 1] };
const deletesOnly = { blocks: [] };
const MiB = 1024 * 1024;
const limits = { maxRoomBytes: 64 * MiB, maxClientIdsPerRoom: 3 };
const nothing = new StateVector();

function vectorOf(...clients: number[]): StateVector {
  const stateVector = new StateVector();
  for (const client of clients) stateVector.advance(client, 1);
  return stateVector;
}

test.each([
  ["below", 63 * MiB, 0, false],
  ["at its limit", 64 * MiB, 0, true],
  ["below, with twice as much to compact, as is usual", 63 * MiB, 126 * MiB, false],
  ["below, with what is set over and over", 1024, 200 * MiB, false],
  ["with more to compact than is ever left to compact", 1024, 256 * MiB, true],
])("a document %s", (_, snapshotBytes, weightSinceSnapshot, isFull) => {
  const size = new RoomSize({ snapshotBytes, weightSinceSnapshot }, limits);
  expect(size.whyNotGrowBy(adds, nothing) !== undefined).toBe(isFull);
  expect(size.whyNotGrowBy(deletesOnly, nothing)).toBeUndefined();
});

test.each([
  [31 * MiB, 32 * MiB, false],
  [32 * MiB, 32 * MiB, true],
  [0, 64 * MiB, true],
])("with a snapshot of %i bytes and %i since it is compacted for its size: %s", (snapshotBytes, weight, isDue) => {
  expect(new RoomSize({ snapshotBytes, weightSinceSnapshot: weight }, limits).isDue).toBe(isDue);
});

test("the person is told how large it may be, and what is still possible", () => {
  const history = { snapshotBytes: 64 * MiB, weightSinceSnapshot: 0 };
  expect(new RoomSize(history, limits).whyNotGrowBy(adds, nothing)).toMatch(/64 MiB.*deleted/);
  expect(new RoomSize(history, { ...limits, maxRoomBytes: 1000 }).whyNotGrowBy(adds, nothing)).toMatch(/1000 bytes/);
});

test("client ids that a document does not have yet are bounded, and those it has go on", () => {
  const size = new RoomSize({ snapshotBytes: 0, weightSinceSnapshot: 0 }, limits);
  expect(size.whyNotGrowBy({ blocks: [3, 0, 1] }, vectorOf(1, 2))).toBeUndefined();
  expect(size.whyNotGrowBy({ blocks: [4, 0, 1] }, vectorOf(1, 2, 3))).toMatch(/3 Yjs client ids.*new one/);
  expect(size.whyNotGrowBy({ blocks: [3, 1, 2, 2, 1, 2] }, vectorOf(1, 2, 3))).toBeUndefined();
  // Two runs of one client are one id.
  expect(size.whyNotGrowBy({ blocks: [3, 0, 1, 3, 2, 4] }, vectorOf(1, 2))).toBeUndefined();
  expect(size.whyNotGrowBy({ blocks: [4, 0, 1, 3, 0, 1] }, vectorOf(1, 2))).toBeDefined();
});
