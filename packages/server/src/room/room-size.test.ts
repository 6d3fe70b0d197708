import { expect, test } from "vitest";
import { RoomSize } from "./room-size.js";

const adds = { blocks: [1, 0, 1] };
const deletesOnly = { blocks: [] };
const MiB = 1024 * 1024;

test.each([
  ["below", 63 * MiB, 0, false],
  ["at its limit", 64 * MiB, 0, true],
  ["below, with twice as much to compact, as is usual", 63 * MiB, 126 * MiB, false],
  ["below, with what is set over and over", 1024, 200 * MiB, false],
  ["with more to compact than is ever left to compact", 1024, 256 * MiB, true],
])("a document %s", (_, snapshotBytes, weightSinceSnapshot, isFull) => {
  const size = new RoomSize({ snapshotBytes, weightSinceSnapshot }, 64 * MiB);
  expect(size.refusesGrowthBy(adds)).toBe(isFull);
  expect(size.refusesGrowthBy(deletesOnly)).toBe(false);
});

test("the person is told how large it may be, and what is still possible", () => {
  const history = { snapshotBytes: 0, weightSinceSnapshot: 0 };
  expect(new RoomSize(history, 64 * MiB).whyFull).toMatch(/64 MiB.*deleted/);
  expect(new RoomSize(history, 1000).whyFull).toMatch(/1000 bytes/);
});
