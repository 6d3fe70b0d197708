import { describe, expect, test } from "vitest";
import { createSegmentCache } from "./segment-cache.js";

const segment = Uint8Array.of(1, 2, 3);

describe("the segment cache", () => {
  test("a thousand who come at once share one read, and who comes later reads nothing", async () => {
    const cache = createSegmentCache(1_000);
    let readCount = 0;
    const read = async () => {
      readCount += 1;
      return segment;
    };
    const got = await Promise.all(Array.from({ length: 1_000 }, () => cache.get("a", read)));
    got.push(await cache.get("a", read));
    expect(new Set(got)).toEqual(new Set([segment]));
    expect(readCount).toBe(1);
  });

  test("a read that fails is told to all who waited for it, and is tried again by the next", async () => {
    const cache = createSegmentCache(1_000);
    const fail = () => Promise.reject(new Error("the disk"));
    const outcomes = await Promise.allSettled([cache.get("a", fail), cache.get("a", fail)]);
    expect(outcomes.map(({ status }) => status)).toEqual(["rejected", "rejected"]);
    expect(await cache.get("a", async () => segment)).toBe(segment);
  });

  test("that there is no such segment is not kept", async () => {
    const cache = createSegmentCache(1_000);
    expect(await cache.get("a", async () => undefined)).toBeUndefined();
    expect(await cache.get("a", async () => segment)).toBe(segment);
  });

  test("what is more than it may hold is read, and not kept", async () => {
    const cache = createSegmentCache(2);
    expect(await cache.get("a", async () => segment)).toBe(segment);
    expect(await cache.get("a", async () => undefined)).toBeUndefined();
  });
});
