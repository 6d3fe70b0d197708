import { expect, test } from "vitest";
import { Backlog } from "./backlog.js";
import type { Channel } from "./channel.js";

/** A channel that counts how often its reading is held at present. */
function channel(): Channel & { held: number } {
  const self = {
    held: 0,
    holdReading: () => {
      self.held += 1;
      return () => (self.held -= 1);
    },
  };
  return self as unknown as Channel & { held: number };
}

test("who adds to it is read from until it is over its budget, and again when half of that is free", () => {
  const backlog = new Backlog(100);
  const [ann, bob] = [channel(), channel()];
  backlog.add(100);
  backlog.holdBack(ann);
  expect(ann.held).toBe(0);
  backlog.add(1);
  backlog.holdBack(ann);
  backlog.holdBack(ann);
  backlog.holdBack(bob);
  expect([ann.held, bob.held]).toEqual([1, 1]);
  backlog.remove(50);
  expect([ann.held, bob.held]).toEqual([1, 1]);
  backlog.remove(1);
  expect([ann.held, bob.held]).toEqual([0, 0]);
});

test("who leaves is held no longer", () => {
  const backlog = new Backlog(100);
  const ann = channel();
  backlog.add(101);
  backlog.holdBack(ann);
  backlog.forget(ann);
  expect(ann.held).toBe(0);
  backlog.remove(101);
  expect([ann.held, backlog.byteCount]).toEqual([0, 0]);
});

test("it is full at twice its budget", () => {
  const backlog = new Backlog(100);
  backlog.add(200);
  expect(backlog.isFull).toBe(false);
  backlog.add(1);
  expect(backlog.isFull).toBe(true);
});
