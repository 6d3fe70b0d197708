import { expect, test } from "vitest";
import { AgreedRate } from "./agreed-rate.js";

test("a second's worth of updates and of bytes may come at once, whichever is used up first", () => {
  const byNumber = new AgreedRate({ updatesPerSecond: 2, bytesPerSecond: 1_000 }, 0);
  byNumber.take(10, 0);
  byNumber.take(10, 0);
  expect(byNumber.owedMs(0)).toBe(0);
  byNumber.take(10, 0);
  expect(byNumber.owedMs(0)).toBe(500);
  const byBytes = new AgreedRate({ updatesPerSecond: 2, bytesPerSecond: 1_000 }, 0);
  byBytes.take(1_500, 0);
  expect(byBytes.owedMs(0)).toBe(500);
  expect(byBytes.owedMs(400)).toBe(100);
});

test("an update above a second's worth is taken, and paid for afterwards", () => {
  const rate = new AgreedRate({ bytesPerSecond: 1_000 }, 0);
  rate.take(40_000, 0);
  expect(rate.owedMs(0)).toBe(39_000);
  expect(rate.owedMs(39_000)).toBe(0);
});

test("it is as if nothing had come once a second's worth has come in on top of what was owed", () => {
  const rate = new AgreedRate({ updatesPerSecond: 1 }, 0);
  expect(rate.isFull(0)).toBe(true);
  for (let count = 0; count < 3; count++) rate.take(10, 0);
  expect(rate.isFull(2_000)).toBe(false);
  expect(rate.isFull(3_000)).toBe(true);
});
