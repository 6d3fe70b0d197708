/** What is asked of the accounts: nobody waits who is alone or has used little, and no pause is long. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { type Account, FairShare, newAccount, rankOf, usageAt } from "./fair-share.js";

interface Step {
  readonly who: number;
  readonly cpuMs: number;
  readonly byteCount: number;
  readonly waitMs: number;
}

const steps = (most: number) =>
  fc.array(
    fc.record({
      who: fc.nat(most - 1),
      cpuMs: fc.double({ min: 0, max: 50, noNaN: true }),
      byteCount: fc.nat(4_000_000),
      waitMs: fc.oneof(fc.nat(5), fc.nat(2_000), fc.nat(20_000)),
    }),
    { minLength: 1, maxLength: 200 },
  );

const load = fc.record({
  delayMs: fc.double({ min: 0, max: 5_000, noNaN: true }),
  backlogPart: fc.double({ min: 0, max: 2, noNaN: true }),
});

function spent(list: readonly Step[], most: number) {
  const share = new FairShare();
  const accounts = Array.from({ length: most }, () => newAccount(0));
  let nowMs = 0;
  for (const { who, cpuMs, byteCount, waitMs } of list) {
    nowMs += waitMs;
    share.spend(accounts[who] as Account, { cpuMs, byteCount }, nowMs);
  }
  return { share, accounts, nowMs };
}

test("who is alone is never paused, whatever it does and however busy the server is", () => {
  fc.assert(
    fc.property(steps(1), load, (list, busy) => {
      const { share, accounts, nowMs } = spent(list, 1);
      expect(share.pauseMs(accounts[0] as Account, busy, nowMs)).toBe(0);
    }),
  );
});

test("who used the least of all who share is never paused; a pause is at most 100 ms, and longer for who used more", () => {
  fc.assert(
    fc.property(steps(6), load, (list, busy) => {
      const { share, accounts, nowMs } = spent(list, 6);
      const sorted = accounts.toSorted((a, b) => usageAt(a, nowMs) - usageAt(b, nowMs));
      const pauses = sorted.map((account) => share.pauseMs(account, busy, nowMs));
      expect(pauses[0]).toBe(0);
      expect(pauses).toEqual(pauses.toSorted((a, b) => a - b));
      expect(Math.max(...pauses)).toBeLessThanOrEqual(100);
    }),
  );
});

test("on a server that is not busy nobody is paused", () => {
  fc.assert(
    fc.property(steps(6), (list) => {
      const { share, accounts, nowMs } = spent(list, 6);
      for (const account of accounts) expect(share.pauseMs(account, { delayMs: 10, backlogPart: 0.25 }, nowMs)).toBe(0);
    }),
  );
});

test("when it is busy, who does nearly all of the work pauses, and one of a thousand typists does not", () => {
  const share = new FairShare();
  const heavy = newAccount(0);
  const typists = Array.from({ length: 1_000 }, () => newAccount(0));
  for (let nowMs = 0; nowMs < 3_000; nowMs += 10) {
    share.spend(heavy, { cpuMs: 5, byteCount: 64 * 1024 }, nowMs);
    for (let index = 0; index < 20; index++) {
      share.spend(typists[(nowMs * 2 + index) % 1_000] as Account, { cpuMs: 0.02, byteCount: 30 }, nowMs);
    }
  }
  const busy = { delayMs: 30, backlogPart: 0 };
  expect(share.pauseMs(heavy, busy, 3_000)).toBeGreaterThan(20);
  for (const typist of typists) {
    expect(share.pauseMs(typist, busy, 3_000)).toBe(0);
    expect(share.isLight(typist, 3_000)).toBe(true);
  }
  expect(share.isLight(heavy, 3_000)).toBe(false);
  // It has stopped: in a while it is as anybody else.
  for (let nowMs = 3_000; nowMs < 20_000; nowMs += 1_000) {
    for (const account of [heavy, ...typists]) share.spend(account, { cpuMs: 0.02, byteCount: 30 }, nowMs);
  }
  expect(share.pauseMs(heavy, busy, 20_000)).toBe(0);
});

test("those who do the same do not pause for one another", () => {
  const share = new FairShare();
  const accounts = Array.from({ length: 10 }, () => newAccount(0));
  for (let nowMs = 0; nowMs < 3_000; nowMs += 10) {
    for (const account of accounts) share.spend(account, { cpuMs: 2, byteCount: 1_000 }, nowMs);
  }
  for (const account of accounts) expect(share.pauseMs(account, { delayMs: 100, backlogPart: 1 }, 3_000)).toBe(0);
});

test("who has left, or was silent for long, is not counted among those who share", () => {
  const share = new FairShare();
  const [heavy, light] = [newAccount(0), newAccount(0)];
  share.spend(light, { cpuMs: 0.1, byteCount: 0 }, 0);
  share.spend(heavy, { cpuMs: 50, byteCount: 0 }, 0);
  const busy = { delayMs: 100, backlogPart: 0 };
  expect(share.pauseMs(heavy, busy, 0)).toBeGreaterThan(0);
  share.close(light);
  expect(share.pauseMs(heavy, busy, 0)).toBe(0);
  share.spend(light, { cpuMs: 0.1, byteCount: 0 }, 1);
  expect(share.pauseMs(heavy, busy, 1)).toBeGreaterThan(0);
  share.spend(heavy, { cpuMs: 50, byteCount: 0 }, 6_000);
  expect(share.pauseMs(heavy, busy, 6_000)).toBe(0);
});

test("who has used less ranks before who has used more, whenever it is asked", () => {
  fc.assert(
    fc.property(steps(6), fc.nat(3_000), (list, laterMs) => {
      const { accounts, nowMs } = spent(list, 6);
      for (const a of accounts) {
        for (const b of accounts) {
          const [usedByA, usedByB] = [usageAt(a, nowMs + laterMs), usageAt(b, nowMs + laterMs)];
          // Not what rounding decides.
          if (usedByA < usedByB * 0.999_999) expect(rankOf(a)).toBeLessThan(rankOf(b));
        }
      }
      expect(rankOf(newAccount(nowMs))).toBe(-Infinity);
    }),
  );
});
