import { beforeEach, expect, test } from "vitest";
import { EventAllowance } from "./event-allowance.js";

const limits = { maxEventBytes: 500, eventsPerSecond: 20, eventBurst: 40, eventBytesPerSecond: 1000 };

let nowMs: number;
let complaints: number;
let allowance: EventAllowance;
beforeEach(() => {
  nowMs = 5;
  complaints = 0;
  const timers = { now: () => nowMs, after: () => () => undefined, soon: () => undefined };
  allowance = new EventAllowance(limits, timers, () => (complaints += 1));
});

/** How many of `count` events may pass that come at once. */
const taken = (count: number, byteCount = 1) =>
  Array.from({ length: count }, () => allowance.take(byteCount)).filter(Boolean).length;

test("a burst passes, then as many a second as may", () => {
  expect(taken(100)).toBe(40);
  nowMs += 1000;
  expect(taken(100)).toBe(20);
  nowMs += 50;
  expect(taken(100)).toBe(1);
});

test("quiet does not save up for more than one burst", () => {
  nowMs += 3_600_000;
  expect(taken(100)).toBe(40);
});

test("large events are held to bytes a second, however few they are", () => {
  expect(taken(10, 400)).toBe(2);
  nowMs += 200;
  expect(taken(10, 400)).toBe(1);
  nowMs += 399;
  expect(taken(10, 400)).toBe(0);
});

test("an event that is too much takes nothing from the next", () => {
  expect(taken(1, 900)).toBe(1);
  expect(taken(60, 500)).toBe(0);
  expect(taken(60, 1)).toBe(39);
});

test("the largest event passes, also where it is more than a second's bytes", () => {
  const timers = { now: () => nowMs, after: () => () => undefined, soon: () => undefined };
  allowance = new EventAllowance({ ...limits, maxEventBytes: 5000 }, timers, () => undefined);
  expect(taken(2, 5000)).toBe(1);
  nowMs += 5000;
  expect(taken(2, 5000)).toBe(1);
});

test("who sends too much is complained of once, and again only after having been quiet for a while", () => {
  for (let i = 0; i < 100; i++) {
    taken(10);
    nowMs += 100;
  }
  expect(complaints).toBe(1);
  nowMs += 2000;
  taken(100);
  expect(complaints).toBe(2);
});
