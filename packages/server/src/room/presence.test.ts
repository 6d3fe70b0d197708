import { decodeAwarenessUpdate, encodeAwarenessUpdate, type AwarenessEntry } from "@syncline/protocol";
import { beforeEach, describe, expect, test } from "vitest";
import { VirtualTime } from "../../test-support/virtual-time.js";
import type { Member } from "./member.js";
import { Presence, type PresenceLimits } from "./presence.js";
import { anybody, type Standing } from "./standing.js";

const defaults: PresenceLimits = {
  presenceWindowMs: 25,
  maxPresenceStateBytes: 100,
  maxPresenceIdsPerMember: 1,
  presencePerSecond: 20,
  maxPresenceStatesPerRoom: 2_000,
  maxPresenceBytesPerRoom: 100_000,
};

interface Relayed {
  readonly entries: AwarenessEntry[];
  readonly instead: ReadonlyMap<Member, Uint8Array | undefined>;
}

let time: VirtualTime;
let relayed: Relayed[];
let refusals: string[];
/** Ids that are known to be somebody's, by subject. */
let owners: Map<number, string>;
let presence: Presence;
let [ann, bob]: [Member, Member] = [member(), member()];

beforeEach(() => begin({}));

function begin(limits: Partial<PresenceLimits>): void {
  time = new VirtualTime();
  relayed = [];
  refusals = [];
  owners = new Map();
  [ann, bob] = [member(), member()];
  presence = new Presence({
    timers: time,
    limits: { ...defaults, ...limits },
    relay: (update, instead) => relayed.push({ entries: decodeAwarenessUpdate(update), instead }),
    mayUse: (id, { standing }) => !owners.has(id) || owners.get(id) === standing.subject,
    refused: (reason) => refusals.push(reason),
  });
}

/** One that names its id when it opens the document. Presence knows of it what stands here. */
function member(standing: Partial<Standing> = {}, clientId = 999): Member {
  return { clientId, standing: { ...anybody, ...standing } } as Member;
}

/** One that does not, and repeats what it hears, also from other tabs of its browser. */
const stockMember = (standing: Partial<Standing> = {}) => member(standing, 0);

const say = (author: Member, ...entries: AwarenessEntry[]) => presence.announce(author, encodeAwarenessUpdate(entries));
const entry = (clientId: number, clock: number, state = "{}"): AwarenessEntry => ({ clientId, clock, state });
const pass = (ms: number) => time.run(time.sleep(ms));
const endWindow = () => pass(25);
const seenBy = (watcher: Member) => decodeAwarenessUpdate(presence.snapshotFor(watcher) ?? Uint8Array.of(0));
/** What everybody sees, by id. */
const shown = () => Object.fromEntries(seenBy(member()).map(({ clientId, state }) => [clientId, state]));
const lastWindow = () => relayed.at(-1)?.entries;
/** All that was ever passed on of an id. */
const statesOf = (clientId: number) =>
  relayed.flatMap(({ entries }) => entries.filter((said) => said.clientId === clientId).map(({ state }) => state));

describe("windows", () => {
  test("changes of one window go out together, each client's latest only", async () => {
    say(ann, entry(1, 1, '{"x":1}'));
    say(ann, entry(1, 2, '{"x":2}'));
    say(bob, entry(2, 1, '{"y":1}'));
    expect(relayed).toEqual([]);
    await endWindow();
    expect(relayed.map(({ entries }) => entries)).toEqual([[entry(1, 2, '{"x":2}'), entry(2, 1, '{"y":1}')]]);
    await pass(1_000);
    expect(relayed).toHaveLength(1);
  });

  test("the one author of a window is not sent it", async () => {
    say(ann, entry(1, 1));
    await endWindow();
    expect([...(relayed[0]?.instead ?? [])]).toEqual([[ann, undefined]]);
  });

  test("who leaves is announced as gone, with a clock that everybody accepts", async () => {
    say(ann, entry(1, 5));
    await endWindow();
    presence.leave(ann);
    await endWindow();
    expect(relayed[1]?.entries).toEqual([entry(1, 6, "null")]);
    expect(presence.snapshotFor(bob)).toBeUndefined();
  });

  test("who comes back with the clock it left with is passed on with a higher one, and never to itself", async () => {
    say(ann, entry(1, 5));
    await endWindow();
    presence.leave(ann);
    await endWindow();
    const annAgain = member();
    say(annAgain, entry(1, 5, '{"back":true}'));
    say(bob, entry(2, 1));
    await endWindow();
    expect(relayed[2]?.entries[0]).toEqual(entry(1, 7, '{"back":true}'));
    const own = relayed[2]?.instead.get(annAgain);
    expect(own && decodeAwarenessUpdate(own)).toEqual([entry(2, 1)]);
    expect(relayed[2]?.instead.has(bob)).toBe(false);
  });

  test("who joins is not sent what it said itself on its old socket, once that has a higher clock than its own", async () => {
    say(ann, entry(1, 5));
    presence.leave(ann);
    say(bob, entry(1, 5));
    expect(presence.snapshotFor(member({}, 1))).toBeUndefined();
    expect(seenBy(member({}, 2))).toEqual([entry(1, 7)]);
  });

  test("older clocks are ignored, also of the owner", async () => {
    say(ann, entry(1, 5, '{"n":5}'));
    say(ann, entry(1, 4, '{"n":4}'), entry(1, 5, '{"n":"again"}'));
    await endWindow();
    expect(shown()).toEqual({ 1: '{"n":5}' });
  });

  test("an id that one message has several times is shown as it was last", async () => {
    say(ann, entry(1, 1, '{"n":1}'), entry(1, 3, '{"n":3}'), entry(1, 2, '{"n":2}'));
    await endWindow();
    expect(lastWindow()).toEqual([entry(1, 3, '{"n":3}')]);
  });

  test("who does not want to be seen is not, and keeps its id", async () => {
    say(ann, entry(1, 1));
    say(ann, entry(1, 1, "null"));
    await endWindow();
    expect(shown()).toEqual({});
    say(bob, entry(1, 9, '{"name":"Bob"}'));
    say(ann, entry(1, 3, '{"name":"Ann"}'));
    expect(shown()).toEqual({ 1: '{"name":"Ann"}' });
  });

  test("who was not seen is not announced as gone once more", async () => {
    say(ann, entry(1, 1));
    say(ann, entry(1, 2, "null"));
    await endWindow();
    presence.leave(ann);
    await endWindow();
    expect(relayed).toHaveLength(1);
  });
});

describe("what is not shown", () => {
  test.each([
    ["no JSON", "{not json"],
    ["a list", "[]"],
    ["a number", "7"],
    ["nothing", ""],
    ["too large", JSON.stringify({ text: "x".repeat(100) })],
    ["17 levels deep", `${'{"a":'.repeat(16)}{}${"}".repeat(16)}`],
  ])("%s: what was there before stays, and it is counted", (_, state) => {
    say(ann, entry(1, 1, '{"n":1}'));
    say(ann, entry(1, 2, state));
    expect(shown()).toEqual({ 1: '{"n":1}' });
    expect(refusals).toHaveLength(1);
  });

  test("a clock near the end of what ports of y-protocols can count", () => {
    say(ann, entry(1, 2 ** 31 - 1), entry(1, 2 ** 32), entry(1, Number.MAX_SAFE_INTEGER));
    expect(shown()).toEqual({});
    expect(refusals).toHaveLength(3);
    say(ann, entry(1, 2 ** 31 - 2));
    expect(seenBy(bob)).toEqual([entry(1, 2 ** 31 - 2)]);
  });

  test("a clock that comes and goes at the end of what can be counted never passes it", async () => {
    for (let i = 0; i < 5; i++) {
      const visitor = member();
      say(visitor, entry(1, 2 ** 31 - 4));
      presence.leave(visitor);
      await endWindow();
    }
    const clocks = relayed.flatMap(({ entries }) => entries.map(({ clock }) => clock));
    expect(Math.max(...clocks)).toBeLessThan(2 ** 31);
    expect(refusals.length).toBeGreaterThan(0);
  });

  test("one state more than a room may have, until somebody leaves", () => {
    begin({ maxPresenceStatesPerRoom: 2 });
    const third = member();
    for (const [index, author] of [ann, bob, third].entries()) say(author, entry(index, 1));
    expect(Object.keys(shown())).toEqual(["0", "1"]);
    expect(refusals).toEqual(["more than 2 states in one document"]);
    presence.leave(ann);
    say(third, entry(2, 2));
    expect(Object.keys(shown())).toEqual(["1", "2"]);
  });

  test("more bytes than a room may have: who has a state may keep it, or say less", () => {
    const bytes = (count: number) => JSON.stringify({ x: "x".repeat(count - 8) });
    begin({ maxPresenceBytesPerRoom: 100 });
    say(ann, entry(1, 1, bytes(60)));
    say(bob, entry(2, 1, bytes(41)));
    expect(Object.keys(shown())).toEqual(["1"]);
    say(bob, entry(2, 2, bytes(40)));
    say(bob, entry(2, 3, bytes(41)));
    expect(shown()).toEqual({ 1: bytes(60), 2: bytes(40) });
    say(ann, entry(1, 2, bytes(60)));
    expect(seenBy(member())[0]).toEqual(entry(1, 2, bytes(60)));
    say(ann, entry(1, 3, bytes(59)));
    say(bob, entry(2, 4, bytes(41)));
    expect(shown()).toEqual({ 1: bytes(59), 2: bytes(41) });
    expect(refusals).toHaveLength(2);
    presence.leave(ann);
    say(bob, entry(2, 5, bytes(100)));
    expect(shown()).toEqual({ 2: bytes(100) });
  });
});

describe("one client id a member", () => {
  test("is its first announcer's: others can neither change nor remove it, and forgeries are counted", async () => {
    say(ann, entry(1, 1, '{"name":"Ann"}'));
    say(bob, entry(2, 1));
    await endWindow();
    say(bob, entry(1, 9, '{"name":"Bob"}'));
    say(bob, entry(1, 9, "null"));
    await endWindow();
    expect(relayed).toHaveLength(1);
    expect(refusals).toHaveLength(2);
    expect(shown()[1]).toBe('{"name":"Ann"}');
  });

  test("echoes are dropped without a word: of what is there, what was, and of who has just left", async () => {
    const stock = stockMember();
    say(stock, entry(9, 1));
    say(ann, entry(1, 1, '{"n":1}'));
    say(ann, entry(1, 2, '{"n":2}'));
    await endWindow();
    say(stock, entry(1, 2, '{"n":2}'), entry(1, 1, '{"n":1}'));
    presence.leave(ann);
    await endWindow();
    say(stock, entry(1, 2, '{"n":2}'), entry(1, 3, "null"));
    expect(refusals).toEqual([]);
    expect(shown()).toEqual({ 9: "{}" });
  });

  test("it may go on under another at once, and the former is announced as gone with it", async () => {
    say(ann, entry(1, 1));
    await endWindow();
    say(ann, entry(2, 1));
    await endWindow();
    expect(lastWindow()).toEqual([entry(1, 2, "null"), entry(2, 1)]);
    expect(relayed.at(-1)?.instead.get(ann)).toBeUndefined();
  });

  test("but only once in 30 s: then it is shown without saying it again, the newest of it", async () => {
    say(ann, entry(1, 1));
    await pass(1_000);
    say(ann, entry(2, 1));
    await pass(1_000);
    say(ann, entry(3, 1, '{"n":1}'));
    say(ann, entry(3, 2, '{"n":2}'));
    await pass(28_000);
    expect(shown()).toEqual({ 2: "{}" });
    await pass(1_001);
    expect(shown()).toEqual({ 3: '{"n":2}' });
  });

  test("a client that repeats its other tabs stays who it is, and they can come for theirs", async () => {
    const [here, other] = [stockMember(), stockMember()];
    say(here, entry(1, 1, '{"tab":1}'));
    for (let clock = 2; clock < 6; clock++) {
      say(here, entry(2, clock, '{"tab":2}'));
      await pass(15_000);
      say(here, entry(1, clock, '{"tab":1}'));
    }
    expect(shown()).toEqual({ 1: '{"tab":1}' });
    say(other, entry(2, 6, '{"tab":2}'));
    expect(shown()).toEqual({ 1: '{"tab":1}', 2: '{"tab":2}' });
    expect(refusals).toEqual([]);
  });

  test("a client that repeated another tab before it last announced itself stays who it is, also when it falls silent", async () => {
    const tab = stockMember();
    say(tab, entry(1, 1, '{"tab":1}'));
    say(tab, entry(2, 1, '{"tab":2}'));
    say(tab, entry(1, 2, '{"tab":1}'));
    await pass(60_000);
    expect(shown()).toEqual({ 1: '{"tab":1}' });
  });

  test("a client that repeats has another id when it took leave under the former, or has long said nothing of it", async () => {
    const [leaving, silent] = [stockMember(), stockMember()];
    say(leaving, entry(1, 1));
    say(leaving, entry(2, 1));
    say(leaving, entry(1, 2, "null"));
    expect(shown()).toEqual({ 2: "{}" });
    say(silent, entry(3, 1));
    say(silent, entry(4, 1));
    expect(shown()).toEqual({ 2: "{}", 3: "{}" });
    await pass(20_001);
    expect(shown()).toEqual({ 2: "{}", 4: "{}" });
  });

  test("with more allowed it has them at the same time, and beyond those only in place of ones that are gone", () => {
    begin({ maxPresenceIdsPerMember: 2 });
    say(ann, entry(3, 1), entry(4, 1), entry(5, 1));
    expect(Object.keys(shown())).toEqual(["3", "4"]);
    expect(refusals).toHaveLength(1);
    say(ann, entry(3, 2, "null"), entry(5, 2));
    expect(Object.keys(shown())).toEqual(["4", "5"]);
  });

  test("an id that is known to be somebody else's cannot be announced, and who announced it before loses it to them", () => {
    say(bob, entry(2, 1, '{"name":"squatter"}'));
    owners.set(1, "ann").set(2, "ann");
    say(ann, entry(1, 1));
    expect(Object.keys(shown())).toEqual(["2"]);
    const owner = member({ subject: "ann" });
    say(owner, entry(2, 1, '{"name":"squatter"}'));
    say(owner, entry(2, 2, '{"name":"Ann"}'));
    say(bob, entry(2, 3, '{"name":"squatter"}'));
    expect(shown()).toEqual({ 2: '{"name":"Ann"}' });
  });
});

describe("the same person on another socket", () => {
  const annOn = () => stockMember({ subject: "ann" });

  test("has its id at once, and nobody sees it go when the old socket is given up", async () => {
    const [old, now] = [annOn(), annOn()];
    say(old, entry(1, 5, '{"n":1}'));
    await endWindow();
    say(now, entry(1, 5, '{"n":1}'));
    say(now, entry(1, 6, '{"n":2}'));
    presence.leave(old);
    await endWindow();
    expect(statesOf(1)).toEqual(['{"n":1}', '{"n":2}']);
    presence.leave(now);
    await endWindow();
    expect(statesOf(1).at(-1)).toBe("null");
  });

  test("keeps it against what of the old socket is still on its way", async () => {
    const [old, now] = [annOn(), annOn()];
    say(old, entry(1, 5));
    say(now, entry(1, 6, '{"n":6}'));
    say(old, entry(1, 5, "null"), entry(1, 6, '{"n":"old"}'));
    presence.leave(old);
    await endWindow();
    expect(shown()).toEqual({ 1: '{"n":6}' });
    expect(statesOf(1)).not.toContain("null");
  });

  test("is not seen to go and come when it is back within the window", async () => {
    const [old, now] = [annOn(), annOn()];
    say(old, entry(1, 5));
    await endWindow();
    presence.leave(old);
    say(now, entry(1, 5, '{"back":true}'));
    await endWindow();
    expect(statesOf(1)).toEqual(["{}", '{"back":true}']);
  });

  test("does not lose its id to its own other tab, which repeats it", async () => {
    const [first, second] = [annOn(), annOn()];
    say(first, entry(1, 1));
    say(second, entry(2, 1));
    say(second, entry(1, 2, '{"n":2}'), entry(1, 1));
    presence.leave(second);
    say(first, entry(1, 2, '{"n":2}'));
    await endWindow();
    expect(shown()).toEqual({ 1: '{"n":2}' });
  });

  test("nobody else gets its id, also when it has left", async () => {
    const [person, thief] = [annOn(), member({ subject: "eve" })];
    say(person, entry(1, 1));
    say(thief, entry(1, 5, '{"name":"Ann"}'));
    presence.leave(person);
    say(thief, entry(1, 6));
    say(bob, entry(1, 7));
    await pass(10 * 60_000);
    say(thief, entry(1, 8));
    expect(shown()).toEqual({});
    expect(refusals).toHaveLength(4);
    say(annOn(), entry(1, 1));
    expect(shown()).toEqual({ 1: "{}" });
  });
});

describe("somebody nobody knows, on another socket", () => {
  test("has its id when the old socket goes, without saying it again, and nobody sees it go", async () => {
    const [old, now] = [stockMember(), stockMember()];
    say(old, entry(1, 5, '{"n":1}'));
    await endWindow();
    say(now, entry(1, 5, '{"n":1}'));
    say(now, entry(1, 6, '{"n":2}'));
    say(now, entry(1, 7, '{"n":3}'));
    await endWindow();
    expect(shown()).toEqual({ 1: '{"n":1}' });
    presence.leave(old);
    await endWindow();
    expect(statesOf(1)).toEqual(['{"n":1}', '{"n":3}']);
    presence.leave(now);
    expect(shown()).toEqual({});
  });

  test("of several the last that asked has it", () => {
    const [first, second] = [member(), member()];
    say(ann, entry(1, 1));
    say(first, entry(1, 2, '{"n":"first"}'));
    say(second, entry(1, 2, '{"n":"second"}'));
    presence.leave(first);
    presence.leave(ann);
    expect(shown()).toEqual({ 1: '{"n":"second"}' });
    presence.leave(second);
    expect(shown()).toEqual({});
  });

  test("has not when it is gone by then, or has another id", () => {
    const [gone, renamed] = [member(), member()];
    say(ann, entry(1, 1));
    say(bob, entry(2, 1));
    say(gone, entry(1, 2));
    presence.leave(gone);
    presence.leave(ann);
    say(renamed, entry(2, 2));
    say(renamed, entry(3, 1));
    presence.leave(bob);
    expect(Object.keys(shown())).toEqual(["3"]);
  });

  test("who watches without being seen and repeats what it hears does not become those who leave", async () => {
    const watcher = stockMember();
    say(ann, entry(1, 1));
    say(bob, entry(2, 1));
    say(watcher, entry(1, 1), entry(2, 1));
    presence.leave(ann);
    await endWindow();
    say(watcher, entry(1, 1), entry(1, 2, "null"));
    presence.leave(bob);
    expect(shown()).toEqual({});
  });
});

describe("how often", () => {
  test("20 at once, then 20 a second, however many come; the last arrives exactly", async () => {
    for (let clock = 1; clock <= 300; clock++) {
      say(ann, entry(1, clock, `{"x":${clock}}`));
      await pass(1000 / 60);
    }
    await pass(200);
    const states = statesOf(1);
    expect(states.at(-1)).toBe('{"x":300}');
    expect(states.length).toBeGreaterThan(100);
    expect(states.length).toBeLessThanOrEqual(20 + 5 * 20 + 5);
    const xs = states.map((state) => Number(/\d+/.exec(state)));
    // After the burst none is skipped for long: at 60 a second every third is shown.
    const gaps = xs.slice(1).map((x, index) => x - (xs[index] ?? 0));
    expect(Math.max(...gaps)).toBeLessThanOrEqual(5);
    expect(refusals).toEqual([]);
  });

  test("somebody's flood is kept as its newest, and delays nobody else", async () => {
    for (let clock = 1; clock <= 10_000; clock++) say(ann, entry(1, clock, `{"x":${clock}}`));
    say(bob, entry(2, 1, '{"y":1}'));
    await endWindow();
    expect(shown()).toEqual({ 1: '{"x":20}', 2: '{"y":1}' });
    await pass(100);
    expect(shown()[1]).toBe('{"x":10000}');
  });

  test("of several who say too much each has its turn", async () => {
    for (let clock = 1; clock <= 30; clock++) say(ann, entry(1, clock, `{"x":${clock}}`));
    await pass(20);
    for (let clock = 1; clock <= 30; clock++) say(bob, entry(2, clock, `{"x":${clock}}`));
    await pass(200);
    expect(shown()).toEqual({ 1: '{"x":30}', 2: '{"x":30}' });
  });

  test("an older clock does not replace what waits", async () => {
    for (let clock = 1; clock <= 25; clock++) say(ann, entry(1, clock, `{"x":${clock}}`));
    say(ann, entry(1, 24, '{"x":"old"}'));
    await pass(100);
    expect(shown()).toEqual({ 1: '{"x":25}' });
  });

  test("a farewell and a new id that had to wait are both taken", async () => {
    for (let clock = 1; clock <= 25; clock++) say(ann, entry(1, clock));
    say(ann, entry(1, 26, "null"));
    say(ann, entry(2, 1));
    await pass(100);
    expect(shown()).toEqual({ 2: "{}" });
  });

  test("echoes do not use up what a client may say of itself", async () => {
    const stock = stockMember();
    say(ann, entry(1, 1));
    for (let i = 0; i < 1_000; i++) say(stock, entry(1, 1));
    say(stock, entry(2, 1));
    await endWindow();
    expect(Object.keys(shown())).toEqual(["1", "2"]);
  });

  test("who has left is not shown by what of it still waited", async () => {
    for (let clock = 1; clock <= 25; clock++) say(ann, entry(1, clock));
    presence.leave(ann);
    await pass(1_000);
    expect(shown()).toEqual({});
    expect(lastWindow()).toEqual([entry(1, 21, "null")]);
  });
});

describe("who it is, from its token", () => {
  const named = member({ user: { name: "Ann", id: 7 } });

  test("is shown in place of what it says, and where it says nothing", () => {
    say(named, entry(1, 1, '{"user":{"name":"Root","admin":true},"cursor":5}'));
    expect(JSON.parse(shown()[1] ?? "")).toEqual({ user: { name: "Ann", id: 7 }, cursor: 5 });
    say(named, entry(1, 2, '{"cursor":6}'));
    expect(JSON.parse(shown()[1] ?? "")).toEqual({ user: { name: "Ann", id: 7 }, cursor: 6 });
  });

  test("does not come back to it as something newer", async () => {
    say(named, entry(1, 1, '{"user":{"name":"Root"}}'));
    say(bob, entry(2, 1));
    await endWindow();
    // The state it is sent has its own clock, which y-protocols ignores.
    expect(relayed[0]?.entries.find(({ clientId }) => clientId === 1)?.clock).toBe(1);
    expect(presence.snapshotFor(named)).toEqual(encodeAwarenessUpdate([entry(2, 1)]));
  });

  test("without one the client says what it likes", () => {
    say(ann, entry(1, 1, '{"user":{"name":"Root"}}'));
    expect(shown()).toEqual({ 1: '{"user":{"name":"Root"}}' });
  });
});

describe("memory", () => {
  test("100,000 ids that come and go leave a bounded trace, and after a while almost none", async () => {
    for (let id = 0; id < 100_000; id++) {
      const visitor = member();
      say(visitor, entry(id, 1));
      presence.leave(visitor);
    }
    expect(presence.size).toBeLessThanOrEqual(1_000);
    await pass(5 * 60_000);
    say(ann, entry(7, 1));
    expect(presence.size).toBe(1);
    // The first visitors were forgotten: their ids start over with their owners' clocks.
    expect(seenBy(bob)).toEqual([entry(7, 1)]);
  });

  test("10,000 ids of people who are known leave one, too", () => {
    for (let id = 0; id < 10_000; id++) {
      const visitor = member({ subject: `visitor ${id}` });
      say(visitor, entry(id, 1));
      presence.leave(visitor);
    }
    expect(presence.size).toBeLessThanOrEqual(1_000);
  });

  test("nothing waits, and nobody is told anything, when the room has been closed", async () => {
    for (let clock = 1; clock <= 25; clock++) say(ann, entry(1, clock));
    presence.close();
    await pass(10_000);
    expect(relayed).toEqual([]);
  });
});

describe("bytes that are no awareness update", () => {
  const id = 5;
  const cases: [string, number[]][] = [
    ["nothing at all", []],
    ["more entries than bytes", [0xff, 0xff, 0x03, 1, 1, 0]],
    ["one entry more than there is", [2, id, 1, 2, 0x7b, 0x7d]],
    ["bytes after the last entry", [1, id, 1, 2, 0x7b, 0x7d, 0]],
    ["a state longer than the message", [1, id, 1, 3, 0x7b, 0x7d]],
    ["a number in more bytes than it needs", [1, 0x85, 0x00, 1, 2, 0x7b, 0x7d]],
    ["an id above 2^53", [1, ...Array<number>(7).fill(0xff), 0x7f, 1, 2, 0x7b, 0x7d]],
    ["a number without an end", [1, ...Array<number>(20).fill(0xff)]],
    ["a state that is not UTF-8", [1, id, 1, 3, 0x22, 0xff, 0x22]],
    ["a repeated state that is not UTF-8", [2, id, 1, 2, 0x7b, 0x7d, 1, 1, 3, 0x22, 0xff, 0x22]],
  ];
  test.each(cases)("%s", (_, bytes) => {
    say(bob, entry(1, 1));
    expect(() => presence.announce(ann, Uint8Array.from(bytes))).toThrow(
      expect.objectContaining({ code: "malformed-message" }),
    );
    expect(shown()).toEqual({ 1: "{}" });
  });

  test("more entries than a room may have twice over", () => {
    begin({ maxPresenceStatesPerRoom: 2 });
    const entries = [1, 2, 3, 4, 5].map((clientId) => entry(clientId, 1));
    say(ann, ...entries.slice(0, 4));
    expect(() => say(ann, ...entries)).toThrow(/more awareness entries than a room may have/);
  });
});
