import { decodeAwarenessUpdate, encodeAwarenessUpdate, type AwarenessEntry } from "@syncline/protocol";
import { beforeEach, expect, test } from "vitest";
import type { Timers } from "../timers.js";
import type { Member } from "./member.js";
import { Presence } from "./presence.js";

/** Presence knows members by identity only. */
const [ann, bob] = [{}, {}] as [Member, Member];

let windows: (() => void)[];
let relayed: { entries: AwarenessEntry[]; instead: ReadonlyMap<Member, Uint8Array | undefined> }[];
let presence: Presence;

beforeEach(() => {
  windows = [];
  relayed = [];
  const timers: Timers = {
    now: () => 0,
    soon: (callback) => void windows.push(callback),
    after: (_, callback) => {
      windows.push(callback);
      return () => void windows.splice(windows.indexOf(callback), 1);
    },
  };
  presence = new Presence({
    timers,
    windowMs: 25,
    maxStateBytes: 100,
    maxIdsPerMember: 2,
    relay: (update, instead) => relayed.push({ entries: decodeAwarenessUpdate(update), instead }),
  });
});

const say = (member: Member, ...entries: AwarenessEntry[]) => presence.announce(member, encodeAwarenessUpdate(entries));
const entry = (clientId: number, clock: number, state = "{}"): AwarenessEntry => ({ clientId, clock, state });
function endWindow(): void {
  for (const callback of windows.splice(0)) callback();
}
const seenBy = (member: Member) => decodeAwarenessUpdate(presence.snapshotFor(member) ?? Uint8Array.of(0));

test("changes of one window go out together, each client's latest only", () => {
  say(ann, entry(1, 1, '{"x":1}'));
  say(ann, entry(1, 2, '{"x":2}'));
  say(bob, entry(2, 1, '{"y":1}'));
  expect(relayed).toEqual([]);
  endWindow();
  expect(relayed.map(({ entries }) => entries)).toEqual([[entry(1, 2, '{"x":2}'), entry(2, 1, '{"y":1}')]]);
  expect(windows).toEqual([]);
});

test("the one author of a window is not sent it", () => {
  say(ann, entry(1, 1));
  endWindow();
  expect([...(relayed[0]?.instead ?? [])]).toEqual([[ann, undefined]]);
});

test("an id is its first announcer's: others can neither change nor remove it", () => {
  say(ann, entry(1, 1, '{"name":"Ann"}'));
  endWindow();
  say(bob, entry(1, 9, '{"name":"Bob"}'));
  say(bob, entry(1, 9, "null"));
  endWindow();
  expect(relayed).toHaveLength(1);
  expect(seenBy(bob)).toEqual([entry(1, 1, '{"name":"Ann"}')]);
});

test("older clocks are ignored, also of the owner", () => {
  say(ann, entry(1, 5, '{"n":5}'));
  say(ann, entry(1, 4, '{"n":4}'));
  say(ann, entry(1, 5, '{"n":"again"}'));
  endWindow();
  expect(seenBy(bob)).toEqual([entry(1, 5, '{"n":5}')]);
});

test("who leaves is announced as gone, with a clock that everybody accepts", () => {
  say(ann, entry(1, 5));
  endWindow();
  presence.leave(ann);
  endWindow();
  expect(relayed[1]?.entries).toEqual([entry(1, 6, "null")]);
  expect(presence.snapshotFor(bob)).toBeUndefined();
});

test("who comes back with the clock it left with is passed on with a higher one, and never to itself", () => {
  say(ann, entry(1, 5));
  endWindow();
  presence.leave(ann);
  endWindow();
  const annAgain = {} as Member;
  say(annAgain, entry(1, 5, '{"back":true}'));
  say(bob, entry(2, 1));
  endWindow();
  expect(relayed[2]?.entries[0]).toEqual(entry(1, 7, '{"back":true}'));
  const own = relayed[2]?.instead.get(annAgain);
  expect(own && decodeAwarenessUpdate(own)).toEqual([entry(2, 1)]);
});

test("what is not JSON, too large, or one id too many is not passed on", () => {
  say(ann, entry(1, 1, "{not json"), entry(2, 1, JSON.stringify("x".repeat(200))));
  say(ann, entry(3, 1), entry(4, 1), entry(5, 1));
  endWindow();
  expect(relayed[0]?.entries.map(({ clientId }) => clientId)).toEqual([3, 4]);
});

test("a member that comes and goes with new ids for ever leaves a bounded trace", () => {
  for (let id = 0; id < 5_000; id++) {
    const visitor = {} as Member;
    say(visitor, entry(id, 1));
    presence.leave(visitor);
    endWindow();
  }
  say(ann, entry(0, 1));
  endWindow();
  // The first visitor was forgotten: its id starts over with its own clock.
  expect(relayed.at(-1)?.entries).toEqual([entry(0, 1)]);
});
