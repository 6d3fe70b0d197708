import { expect, test } from "vitest";
import { VirtualTime } from "../../test-support/virtual-time.js";
import { Lease } from "./lease.js";

const start = 1_800_000_000_000;
const second = 1000;
const day = 24 * 60 * 60 * second;

class World {
  readonly time = new VirtualTime();
  readonly events: string[] = [];
  /** What somebody has set the clock forward by. */
  setForwardMs = 0;
  readonly lease = new Lease({
    timers: this.time,
    wallClock: () => start + this.time.now() + this.setForwardMs,
    expiring: (leftMs) => this.events.push(`${this.time.now() / second} s: ${leftMs / second} s left`),
    expired: () => this.events.push(`${this.time.now() / second} s: over`),
  });

  pass(ms: number): Promise<void> {
    return this.time.run(this.time.sleep(ms));
  }
}

test("half a minute before the end it says so, and at the end", async () => {
  const world = new World();
  world.lease.renew(start + 600 * second);
  await world.pass(6000 * second);
  expect(world.events).toEqual(["570 s: 30 s left", "600 s: over"]);
});

test("of a short span it says so at half", async () => {
  const world = new World();
  world.lease.renew(start + 10 * second);
  await world.pass(60 * second);
  expect(world.events).toEqual(["5 s: 5 s left", "10 s: over"]);
});

test("who is granted another span is asked again towards the end of that one", async () => {
  const world = new World();
  world.lease.renew(start + 100 * second);
  await world.pass(80 * second);
  world.lease.renew(start + 300 * second);
  await world.pass(1000 * second);
  expect(world.events).toEqual(["70 s: 30 s left", "270 s: 30 s left", "300 s: over"]);
});

test("who is granted another span at the word that this one ends is not ended with it", async () => {
  const world = new World();
  let spans = 1;
  const lease = new Lease({
    timers: world.time,
    wallClock: () => start + world.time.now(),
    expiring: () => {
      if (spans < 3) lease.renew(start + ++spans * 100 * second);
    },
    expired: () => world.events.push(`${world.time.now() / second} s: over`),
  });
  lease.renew(start + 100 * second);
  await world.pass(1000 * second);
  expect(world.events).toEqual(["300 s: over"]);
});

test("one that lasts for ever, or has ended, keeps no timer", async () => {
  for (const end of [(lease: Lease) => lease.renew(Infinity), (lease: Lease) => lease.end()]) {
    const { time, lease, events } = new World();
    lease.renew(start + 100 * second);
    end(lease);
    await expect(time.run(new Promise(() => undefined))).rejects.toThrow(/nothing is due/);
    expect(events).toEqual([]);
  }
});

test("a span longer than timers count ends when it should, not at once", async () => {
  const world = new World();
  const delays: number[] = [];
  const { after } = world.time;
  world.time.after = (delayMs, callback) => {
    delays.push(delayMs);
    return after.call(world.time, delayMs, callback);
  };
  world.lease.renew(start + 60 * day);
  await world.pass(61 * day);
  expect(world.events).toEqual([`${(60 * day) / second - 30} s: 30 s left`, `${(60 * day) / second} s: over`]);
  // What setTimeout takes; it calls back at once for more.
  expect(Math.max(...delays.filter((delayMs) => delayMs !== 61 * day))).toBeLessThan(2 ** 31);
});

test("a clock that is set forward ends it within the hour", async () => {
  const world = new World();
  world.lease.renew(start + 10 * day);
  await world.pass(second);
  world.setForwardMs = 20 * day;
  await world.pass(60 * 60 * second);
  expect(world.events).toEqual(["3600 s: over"]);
});
