import { closeCodes } from "@syncline/protocol";
import { expect, test } from "vitest";
import { maxStrangerMessageBytes, Probation } from "./probation.js";

function world() {
  let leftCount = 0;
  const stranger = { leave: () => void (leftCount += 1) };
  const probation = new Probation(stranger, { helloTimeoutMs: 5_000, authorizeTimeoutMs: 10_000 }, 1_000);
  return { probation, leftCount: () => leftCount };
}

test("a stranger may be in the middle of a message of the size that strangers send, and of no larger one", () => {
  const { probation } = world();
  expect(probation.whyGo(1_000, maxStrangerMessageBytes)).toBeUndefined();
  expect(probation.whyGo(1_000, maxStrangerMessageBytes + 1)).toEqual({
    code: closeCodes.rateLimited,
    reason: "more than 256 KiB of a message, and no document was opened yet",
  });
});

test("a stranger may stay for its hello, for authorize, and to think again", () => {
  const { probation } = world();
  expect(probation.whyGo(61_000, 0)).toBeUndefined();
  expect(probation.whyGo(61_001, 0)).toEqual({
    code: closeCodes.tooSlow,
    reason: "no document was opened within 60 s; come back when there is one",
  });
});

test("who was let in may do both, and leaves the strangers once", () => {
  const { probation, leftCount } = world();
  expect([probation.isOver, leftCount()]).toEqual([false, 0]);
  probation.end();
  probation.end();
  expect([probation.isOver, leftCount()]).toEqual([true, 1]);
  expect(probation.whyGo(1_000_000, 10 * maxStrangerMessageBytes)).toBeUndefined();
});
