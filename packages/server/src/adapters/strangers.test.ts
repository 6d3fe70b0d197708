import { expect, test } from "vitest";
import { Strangers } from "./strangers.js";

function world(limits = {}) {
  let nowMs = 0;
  const all = { maxStrangersPerAddress: 3, connectsPerSecond: 2, connectBurst: 10, ...limits };
  const strangers = new Strangers(all, { now: () => nowMs });
  const take = (address: string) => {
    const waitSeconds = strangers.ask(address);
    return waitSeconds > 0 ? waitSeconds : strangers.enter(address);
  };
  return { strangers, take, pass: (ms: number) => (nowMs += ms) };
}

const admitted = { leave: expect.any(Function) as () => void };

test("of one address so many may be strangers at a time, and others are not asked to wait for them", () => {
  const { take } = world();
  const [first] = [take("192.0.2.1"), take("192.0.2.1"), take("192.0.2.1")];
  expect(take("192.0.2.1")).toBe(5);
  expect(take("192.0.2.2")).toEqual(admitted);
  if (typeof first === "object") for (let times = 0; times < 3; times++) first.leave();
  expect(take("192.0.2.1")).toEqual(admitted);
  expect(take("192.0.2.1")).toBe(5);
});

test("of one address so many may come at once, and then so many a second; who has to wait is told how long", () => {
  const { strangers, pass } = world();
  const ask = () => strangers.ask("192.0.2.1");
  for (let count = 0; count < 10; count++) expect(ask()).toBe(0);
  expect(ask()).toBe(1);
  pass(500);
  expect([ask(), ask()]).toEqual([0, 1]);
  pass(60_000);
  expect([...Array(11)].map(ask)).toEqual([...Array<number>(10).fill(0), 1]);
});

test("all of an IPv6 /64 are one", () => {
  const { take } = world();
  for (let last = 1; last <= 3; last++) take(`2001:db8:1:2::${last}`);
  expect(take("2001:db8:1:2:ffff::1")).toBe(5);
  expect(take("2001:db8:1:3::1")).toEqual(admitted);
});

test("addresses without strangers are forgotten, the oldest first; what is remembered is bounded", () => {
  const { strangers, take } = world();
  const stays = [take("192.0.2.1"), take("192.0.2.1"), take("192.0.2.1")];
  for (let count = 0; count < 10; count++) strangers.ask("192.0.2.2");
  expect(strangers.ask("192.0.2.2")).toBe(1);
  for (let count = 0; count < 25_000; count++) strangers.ask(`10.${count >> 16}.${(count >> 8) & 255}.${count & 255}`);
  expect(strangers.addressCount).toBe(10_001);
  expect(strangers.ask("192.0.2.2")).toBe(0);
  expect(stays).toHaveLength(3);
  expect(take("192.0.2.1")).toBe(5);
});
