/** Connections that all want to be read at once, on a clock that goes on while one of them is. */
import fc from "fast-check";
import { expect, test } from "vitest";
import type { Timers } from "../timers.js";
import type { Account } from "./fair-share.js";
import { ReadingTurns, type Waiting } from "./reading-turns.js";

/** An event loop: what it does takes time, and it sleeps when there is nothing to do. */
class WorkedTime implements Timers {
  nowMs = 0;
  idleMs = 0;
  #soon: (() => void)[] = [];
  #due: { readonly atMs: number; readonly callback: () => void }[] = [];

  now(): number {
    return this.nowMs;
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  after(delayMs: number, callback: () => void): () => void {
    const due = { atMs: this.nowMs + delayMs, callback };
    this.#due.push(due);
    return () => void (this.#due = this.#due.filter((other) => other !== due));
  }

  work(ms: number): void {
    this.nowMs += ms;
  }

  /** @param others what else there is to do in each turn */
  run(others: () => void = () => undefined): void {
    while (this.#soon.length + this.#due.length > 0) this.#turn(others);
  }

  #turn(others: () => void): void {
    const [next] = this.#due.sort((a, b) => a.atMs - b.atMs);
    if (this.#soon.length === 0 && next && next.atMs > this.nowMs) {
      this.idleMs += next.atMs - this.nowMs;
      this.nowMs = next.atMs;
    }
    others();
    const isDue = ({ atMs }: { readonly atMs: number }) => atMs <= this.nowMs;
    const due = this.#due.filter(isDue);
    this.#due = this.#due.filter((timer) => !isDue(timer));
    for (const { callback } of due) callback();
    for (const callback of this.#soon.splice(0)) callback();
  }
}

class Client implements Waiting {
  readonly account: Account;
  readonly doneAtMs: number[] = [];
  readonly #time: WorkedTime;
  readonly #turns: ReadingTurns;
  readonly #costs: number[];

  constructor(time: WorkedTime, turns: ReadingTurns, costs: readonly number[]) {
    this.#time = time;
    this.#turns = turns;
    this.#costs = [...costs];
    this.account = turns.newAccount();
  }

  get hasMore(): boolean {
    return this.#costs.length > 0;
  }

  next(): void {
    const costMs = this.#costs.shift();
    if (costMs === undefined) throw new Error("it has no more");
    this.#turns.spend(this.account, 20, () => this.#time.work(costMs));
    this.doneAtMs.push(this.#time.now());
  }

  /** As what comes from a network: at once as far as it may. */
  arrive(): void {
    while (this.hasMore && this.#turns.mayGo(this.account)) this.next();
    if (this.hasMore) this.#turns.add(this);
  }
}

function setUp(backlogPart = 0) {
  const time = new WorkedTime();
  const turns = new ReadingTurns({ timers: time, backlogPart: () => backlogPart });
  const client = (costs: readonly number[]) => new Client(time, turns, costs);
  return { time, turns, client };
}

const times = (count: number, costMs: number) => Array.from({ length: count }, () => costMs);

test("who is alone uses all of the server, however busy and however full", () => {
  for (const backlogPart of [0, 1]) {
    const { time, client } = setUp(backlogPart);
    const importer = client(times(26_000, 0.05));
    importer.arrive();
    time.run(() => time.work(20));
    expect(importer.hasMore).toBe(false);
    expect(time.idleMs).toBe(0);
  }
});

test("many small messages that came at once are dealt with over many turns", () => {
  const { time, client } = setUp();
  let lastMs = 0;
  let longestMs = 0;
  const flooder = client(times(3_000, 0.05));
  flooder.arrive();
  longestMs = time.now();
  lastMs = time.now();
  time.run(() => {
    longestMs = Math.max(longestMs, time.now() - lastMs);
    lastMs = time.now();
  });
  expect(flooder.doneAtMs).toHaveLength(3_000);
  expect(longestMs).toBeLessThan(5);
});

test("a light client goes at once in the midst of a hundred that flood, and all that they sent is dealt with", () => {
  const { time, client } = setUp();
  const flooders = Array.from({ length: 100 }, () => client(times(200, 0.1)));
  const typist = client([]);
  for (const flooder of flooders) flooder.arrive();
  const waits: number[] = [];
  let turnCount = 0;
  time.run(() => {
    if (++turnCount > 60 || turnCount % 10 !== 0) return;
    const letter = client([0.05]);
    const arrivedMs = time.now();
    letter.arrive();
    waits.push((letter.doneAtMs[0] ?? Infinity) - arrivedMs);
  });
  expect(typist.hasMore).toBe(false);
  expect(Math.max(...waits)).toBeLessThan(0.1);
  expect(waits).toHaveLength(6);
  for (const flooder of flooders) expect(flooder.doneAtMs).toHaveLength(200);
  // Nobody's time was wasted: they only waited for each other.
  expect(time.idleMs).toBe(0);
});

test("those who wait get about as much as each other, whoever came first", () => {
  const { time, client } = setUp();
  const first = client(times(2_000, 0.1));
  first.arrive();
  const second = client(times(1_000, 0.1));
  second.arrive();
  time.run();
  // Both have sent a thousand when the second is done.
  const doneOfFirst = first.doneAtMs.filter((atMs) => atMs <= (second.doneAtMs.at(-1) ?? 0)).length;
  expect(doneOfFirst).toBeGreaterThan(900);
  expect(doneOfFirst).toBeLessThan(1_150);
});

test("all messages are dealt with in their order, and the work is the same whoever pauses", () => {
  const costs = fc.array(fc.double({ min: 0.01, max: 20, noNaN: true }), { maxLength: 60 });
  fc.assert(
    fc.property(
      fc.array(costs, { minLength: 1, maxLength: 8 }),
      fc.constantFrom(0, 0.5, 2),
      fc.constantFrom(0, 15, 200),
      (lists, backlogPart, otherMs) => {
        const { time, client } = setUp(backlogPart);
        let otherTotalMs = 0;
        const clients = lists.map((list) => client(list));
        for (const each of clients) each.arrive();
        time.run(() => {
          otherTotalMs += otherMs;
          time.work(otherMs);
        });
        clients.forEach((each, index) => expect(each.doneAtMs).toHaveLength(lists[index]?.length ?? 0));
        const workMs = lists.flat().reduce((sum, costMs) => sum + costMs, 0);
        expect(time.nowMs - time.idleMs - otherTotalMs).toBeCloseTo(workMs, 3);
        // No pause is longer than 100 ms, and after each a turn's worth is done.
        expect(time.idleMs).toBeLessThanOrEqual(100 * (workMs / 1 + lists.length + 1));
        if (lists.length === 1) expect(time.idleMs).toBe(0);
      },
    ),
    { numRuns: 200 },
  );
});

test("however many wait, few of them are looked at to find whose message is next", () => {
  const count = 5_000;
  const { time, turns } = setUp();
  let lookedAtCount = 0;
  let leftCount = count;
  for (let index = 0; index < count; index++) {
    const account = turns.newAccount();
    let hasMore = true;
    turns.add({
      get account() {
        lookedAtCount += 1;
        return account;
      },
      get hasMore() {
        return hasMore;
      },
      next() {
        hasMore = false;
        leftCount -= 1;
        turns.spend(account, 20, () => time.work(0.02));
      },
    });
  }
  time.run();
  expect(leftCount).toBe(0);
  expect(lookedAtCount).toBeLessThan(4 * count);
});

test("a turn ends in time although dealing with a message is not all that takes time", () => {
  const { time, turns } = setUp();
  let lastMs = 0;
  let longestMs = 0;
  for (let index = 0; index < 100; index++) {
    const account = turns.newAccount();
    let hasMore = true;
    turns.add({
      account,
      get hasMore() {
        // Stands for whatever the machine does in between.
        time.work(0.5);
        return hasMore;
      },
      next() {
        hasMore = false;
        turns.spend(account, 20, () => time.work(0.02));
      },
    });
  }
  time.run(() => {
    longestMs = Math.max(longestMs, time.now() - lastMs);
    lastMs = time.now();
  });
  expect(longestMs).toBeGreaterThan(3.9);
  expect(longestMs).toBeLessThan(8);
});

test("while there is much to do for others, who has used much pauses in between, and the others do not", () => {
  const { time, client } = setUp();
  const flooder = client(times(400, 0.2));
  const typist = client([0.05]);
  typist.arrive();
  flooder.arrive();
  time.run(() => time.work(30));
  expect(flooder.hasMore).toBe(false);
  expect(time.idleMs).toBeGreaterThan(100);
});
