import { expect, test } from "vitest";
import { VirtualTime } from "../../test-support/virtual-time.js";
import { AgreedRate } from "./agreed-rate.js";
import type { Rates } from "./authorize.js";

function setUp(rates: Rates) {
  const time = new VirtualTime();
  const seen = { holdCount: 0, exceededCount: 0 };
  const rate = new AgreedRate({
    rates,
    timers: time,
    holdReading: () => {
      seen.holdCount += 1;
      let isHeld = true;
      return () => {
        if (isHeld) seen.holdCount -= 1;
        isHeld = false;
      };
    },
    exceeded: () => void (seen.exceededCount += 1),
  });
  return { time, rate, seen };
}

/** Hands in one update after the other as soon as it is read. Resolves with how long that took. */
async function replay({ time, rate, seen }: ReturnType<typeof setUp>, sizes: readonly number[]): Promise<number> {
  await time.run(
    (async () => {
      for (const size of sizes) {
        while (seen.holdCount > 0) await time.sleep(1);
        rate.received(size);
      }
    })(),
  );
  return time.now();
}

test("a second's worth comes at once, the rest as fast as agreed", async () => {
  const all = setUp({ updatesPerSecond: 10 });
  expect(
    await replay(
      all,
      Array.from({ length: 10 }, () => 20),
    ),
  ).toBe(0);
  expect(all.seen.exceededCount).toBe(0);
  const many = setUp({ updatesPerSecond: 10 });
  const tookMs = await replay(
    many,
    Array.from({ length: 110 }, () => 20),
  );
  expect(tookMs).toBeGreaterThan(9_500);
  expect(tookMs).toBeLessThan(10_500);
});

test("an update above a second's worth is taken, and paid for afterwards", async () => {
  const setting = setUp({ bytesPerSecond: 1_000 });
  const tookMs = await replay(setting, [40_000, 10, 10]);
  expect(tookMs).toBeGreaterThan(38_900);
  expect(tookMs).toBeLessThan(39_100);
  await setting.time.run(setting.time.sleep(1_000));
  expect(setting.seen.holdCount).toBe(0);
});

test("what arrives although reading was held makes the hold longer, not a second one", async () => {
  const { time, rate, seen } = setUp({ updatesPerSecond: 1 });
  for (let count = 0; count < 4; count++) rate.received(10);
  expect(seen).toEqual({ holdCount: 1, exceededCount: 1 });
  await time.run(time.sleep(2_900));
  expect(seen.holdCount).toBe(1);
  await time.run(time.sleep(200));
  expect(seen.holdCount).toBe(0);
});

test("a wait above what timers can count is waited for all the same", async () => {
  const { time, rate, seen } = setUp({ bytesPerSecond: 1 });
  rate.received(4_000_001);
  await time.run(time.sleep(3_999_000_000));
  expect(seen.holdCount).toBe(1);
  await time.run(time.sleep(1_000_001));
  expect(seen.holdCount).toBe(0);
});

test("who leaves is not held any more", () => {
  const { rate, seen } = setUp({ updatesPerSecond: 1 });
  rate.received(10);
  rate.received(10);
  expect(seen.holdCount).toBe(1);
  rate.end();
  expect(seen.holdCount).toBe(0);
});
