import { expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.js";

test("begins full, empties, and refills with time up to its size", () => {
  const bucket = new TokenBucket(3, 10, 1000);
  expect([bucket.isFull, bucket.has(3), bucket.has(4)]).toEqual([true, true, false]);
  bucket.take(3);
  bucket.refill(1100);
  expect([bucket.isFull, bucket.has(1), bucket.has(2)]).toEqual([false, true, false]);
  bucket.refill(99_000);
  expect([bucket.isFull, bucket.has(3), bucket.has(4)]).toEqual([true, true, false]);
});

test("says how long until it has enough", () => {
  const bucket = new TokenBucket(2, 20, 0);
  expect(bucket.msUntil(2)).toBe(0);
  bucket.take(2);
  expect(bucket.msUntil(1)).toBe(50);
  bucket.refill(20);
  expect(bucket.msUntil(1)).toBeCloseTo(30);
  bucket.refill(50);
  expect(bucket.has(1)).toBe(true);
});
