import { describe, expect, test } from "vitest";
import { VirtualTime } from "../../test-support/virtual-time.js";
import { cpuMeterOf, processMeter, threadMeter, TrialClock, type CpuMeter, type CpuUsage } from "./trial-clock.js";

const limit = { limitMs: 1_000, capMs: 15_000 };
const tooMuch = "trying it took more than 1000 ms of CPU time";
const tooLong = "trying it was not done after 15000 ms";

/** A thread that is given this much of a core, and had used some of it before the trial. */
function thread(time: VirtualTime, share: (nowMs: number) => number): CpuMeter {
  let usedMs = 7_000;
  let readAtMs = 0;
  const read = (): Promise<number> => {
    for (; readAtMs < time.now(); readAtMs++) usedMs += share(readAtMs);
    return Promise.resolve(usedMs);
  };
  return { leniency: 1, read };
}

/** When it ends the trial, and why. */
function endOf(time: VirtualTime, cpu: CpuMeter): Promise<{ readonly atMs: number; readonly reason: string }> {
  const ended = new Promise<{ readonly atMs: number; readonly reason: string }>((resolve) => {
    new TrialClock({ limit, cpu, timers: time, onEnd: (reason) => resolve({ atMs: time.now(), reason }) });
  });
  return time.run(ended);
}

describe("a trial", () => {
  test("ends when it has used up its CPU time", async () => {
    const time = new VirtualTime();
    expect(
      await endOf(
        time,
        thread(time, () => 1),
      ),
    ).toEqual({ atMs: 1_000, reason: tooMuch });
  });

  test("has more time the less of the CPU it is given, and not much more than that", async () => {
    for (const share of [0.9, 0.5, 0.1]) {
      const time = new VirtualTime();
      const { atMs, reason } = await endOf(
        time,
        thread(time, () => share),
      );
      expect(reason).toBe(tooMuch);
      expect(atMs).toBeGreaterThanOrEqual(1_000 / share);
      expect(atMs).toBeLessThan(1_000 / share + 100);
    }
  });

  test("that gets a core only late ends a second after that", async () => {
    const time = new VirtualTime();
    const { atMs, reason } = await endOf(
      time,
      thread(time, (nowMs) => (nowMs < 5_300 ? 0 : 1)),
    );
    expect(reason).toBe(tooMuch);
    expect(atMs).toBeGreaterThanOrEqual(6_300);
    expect(atMs).toBeLessThanOrEqual(7_000);
  });

  test.each<[string, (time: VirtualTime) => CpuMeter]>([
    ["gets next to no CPU", (time) => thread(time, () => 0.05)],
    ["waits for something", (time) => thread(time, () => 0)],
    ["does not answer", () => ({ leniency: 1, read: () => new Promise(() => undefined) })],
    ["cannot be asked", () => ({ leniency: 1, read: () => Promise.resolve(undefined) })],
  ])("whose thread %s ends at the cap", async (_, cpuAt) => {
    const time = new VirtualTime();
    expect(await endOf(time, cpuAt(time))).toEqual({ atMs: 15_000, reason: tooLong });
  });

  test("has as much more CPU time as others may have used of what was read", async () => {
    const time = new VirtualTime();
    const cpu = { ...thread(time, () => 1), leniency: 2 };
    expect(await endOf(time, cpu)).toEqual({ atMs: 2_000, reason: tooMuch });
  });

  test.each([
    ["before its first second is over", 999],
    ["between two looks", 1_250],
  ])("whose verdict comes %s is not ended, and nothing is left to come", async (_, stopMs) => {
    const time = new VirtualTime();
    const ends: string[] = [];
    const clock = new TrialClock({
      limit,
      cpu: thread(time, () => 0.5),
      timers: time,
      onEnd: (reason) => ends.push(reason),
    });
    time.after(stopMs, () => clock.stop());
    await expect(time.run(new Promise(() => undefined))).rejects.toThrow("nothing is due");
    expect([time.now(), ends]).toEqual([stopMs, []]);
  });

  test.each([
    ["much", 5_000],
    ["little", 100],
  ])("whose verdict comes while its thread says it used %s is not ended, nor looked at again", async (_, usedMs) => {
    const time = new VirtualTime();
    const ends: string[] = [];
    const asked: number[] = [];
    const read = async (): Promise<number> => {
      asked.push(time.now());
      if (asked.length === 2) await time.sleep(10);
      return asked.length === 1 ? 0 : usedMs;
    };
    const cpu = { leniency: 1, read };
    const clock = new TrialClock({ limit, cpu, timers: time, onEnd: (reason) => ends.push(reason) });
    time.after(1_005, () => clock.stop());
    await expect(time.run(new Promise(() => undefined))).rejects.toThrow("nothing is due");
    expect([asked, ends]).toEqual([[0, 1_000], []]);
  });

  test("whose verdict arrived while the main thread was held up is not ended", () => {
    const callbacks: (() => void)[] = [];
    const waiting: (() => void)[] = [];
    const ends: string[] = [];
    const timers = {
      after: (_: number, callback: () => void) => (callbacks.push(callback), () => undefined),
      soon: (callback: () => void) => void waiting.push(callback),
    };
    const cpu = { leniency: 1, read: () => Promise.resolve(0) };
    const clock = new TrialClock({ limit, cpu, timers, onEnd: (reason) => ends.push(reason) });
    for (const callback of callbacks) callback();
    expect(ends).toEqual([]);
    clock.stop();
    for (const callback of waiting) callback();
    expect([waiting.length, ends]).toEqual([2, []]);
  });
});

describe("meters", () => {
  const usage: CpuUsage = { user: 1_500_000, system: 250_000 };

  test("of a thread count what it says of itself, until it has ended", async () => {
    const answers = [Promise.resolve(usage), Promise.reject(new Error("not running"))];
    const meter = threadMeter({ cpuUsage: () => answers.shift() ?? Promise.resolve(usage) });
    expect([meter.leniency, await meter.read(), await meter.read()]).toEqual([1, 1_750, undefined]);
  });

  test("of the process count all threads, and allow for the others", async () => {
    const meter = processMeter(() => usage);
    expect([meter.leniency, await meter.read()]).toEqual([2, 1_750]);
  });

  test("are the thread's own where it has one", async () => {
    expect(await cpuMeterOf({ cpuUsage: () => Promise.resolve(usage) }).read()).toBe(1_750);
    const before = process.cpuUsage();
    const readMs = await cpuMeterOf({}).read();
    expect(readMs).toBeGreaterThanOrEqual((before.user + before.system) / 1000);
  });
});
