import { expect, test } from "vitest";
import { queueForLock, takeLock, type LocksLike } from "./origin-scope.js";

/** Grants when told to, whether it was withdrawn meanwhile or not. */
function lateLocks(): { locks: LocksLike; grant: (lock: unknown) => Promise<void> | void } {
  let granted: (lock: unknown) => Promise<void> | void = () => {};
  const request: LocksLike["request"] = (_, __, callback) => {
    granted = callback;
    return new Promise(() => {});
  };
  return { locks: { request }, grant: (lock) => granted(lock) };
}

test("a lock that comes after it was withdrawn is let go of, unseen", async () => {
  const { locks, grant } = lateLocks();
  let isSeen = false;
  const withdraw = queueForLock(locks, "a", { onGranted: () => (isSeen = true), onFailed: () => {} });
  withdraw();
  await grant({});
  expect(isSeen).toBe(false);
});

test("a lock is held until it is let go of, also from within the grant", async () => {
  const { locks, grant } = lateLocks();
  const order: string[] = [];
  const release = queueForLock(locks, "a", { onGranted: () => order.push("granted"), onFailed: () => {} });
  const held = Promise.resolve(grant({})).then(() => order.push("released"));
  await Promise.resolve();
  order.push("working");
  release();
  await held;
  expect(order).toEqual(["granted", "working", "released"]);

  const { locks: others, grant: grantOther } = lateLocks();
  const releaseAtOnce: () => void = queueForLock(others, "b", { onGranted: () => releaseAtOnce(), onFailed: () => {} });
  await grantOther({});
});

test("a lock that somebody has is not taken", async () => {
  const { locks, grant } = lateLocks();
  const taken = takeLock(locks, "a");
  await grant(null);
  expect(await taken).toBeUndefined();
});
