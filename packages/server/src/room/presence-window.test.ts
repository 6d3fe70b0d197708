import { beforeEach, expect, test } from "vitest";
import { PresenceWindow } from "./presence-window.js";

let nowMs: number;
/** How long it takes to pass a window on. */
let relayMs: number;
/** For how long each window was left open. */
let windowsMs: number[];
let endWindow: () => void;

beforeEach(() => {
  nowMs = relayMs = 0;
  windowsMs = [];
});

function open(windowMs: number): PresenceWindow {
  const after = (delayMs: number, callback: () => void) => {
    windowsMs.push(delayMs);
    endWindow = callback;
    return () => undefined;
  };
  const timers = { now: () => nowMs, after, soon: () => undefined };
  return new PresenceWindow(timers, windowMs, () => void (nowMs += relayMs));
}

function change(window: PresenceWindow): void {
  window.add(1, Uint8Array.of(1, 1, 2, 0x7b, 0x7d), undefined);
}

test("a window that takes long to pass on is followed by a longer one, up to 60 ms", () => {
  const window = open(25);
  for (const tookMs of [0, 1, 2, 2.5, 100, 1, 0]) {
    relayMs = tookMs;
    change(window);
    endWindow();
  }
  change(window);
  expect(windowsMs).toEqual([25, 25, 25, 40, 50, 60, 25, 25]);
});

test("a window that is longer by itself stays as it is", () => {
  const window = open(200);
  relayMs = 100;
  change(window);
  endWindow();
  change(window);
  expect(windowsMs).toEqual([200, 200]);
});
