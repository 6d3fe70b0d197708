import { expect, test } from "vitest";
import { VirtualTime } from "../../test-support/virtual-time.js";
import { principalOf } from "./principal.js";
import { Strikes, type StrikeLimits } from "./strikes.js";

const minuteMs = 60_000;

async function afterwards(time: VirtualTime, delayMs: number): Promise<void> {
  await time.run(time.sleep(delayMs));
}

function setUp(limits: StrikeLimits = {}) {
  const time = new VirtualTime();
  const noted: string[] = [];
  const strikes = new Strikes(time, { note: (kind, reason) => void noted.push(`${kind}: ${reason}`) }, limits);
  return { time, strikes, noted };
}

function strike(strikes: Strikes, principal: string, times: number): void {
  for (let count = 0; count < times; count++) strikes.add(principal);
}

test("the fifth strike within ten minutes is one too many, and the sentence says when to come back", async () => {
  const { time, strikes, noted } = setUp();
  strike(strikes, "ann", 4);
  expect(strikes.refusalOf("ann")).toBeUndefined();
  await afterwards(time, 9 * minuteMs);
  strikes.add("ann");
  expect(strikes.refusalOf("ann")).toBe("too many broken updates; come back in 10 minutes");
  expect(strikes.refusalOf("bob")).toBeUndefined();
  await afterwards(time, 9 * minuteMs + 1);
  expect(strikes.refusalOf("ann")).toBe("too many broken updates; come back in 1 minute");
  await afterwards(time, minuteMs);
  expect(strikes.refusalOf("ann")).toBeUndefined();
  expect(noted).toHaveLength(2);
  expect(noted[0]).toMatch(/^strikes: /);
});

test("strikes further apart than ten minutes do not add up", async () => {
  const { time, strikes } = setUp();
  for (let count = 0; count < 20; count++) {
    strikes.add("ann");
    await afterwards(time, 2.5 * minuteMs);
    expect(strikes.refusalOf("ann")).toBeUndefined();
  }
});

test("who comes back after ten minutes has all its strikes before it again", async () => {
  const { time, strikes } = setUp();
  strike(strikes, "ann", 5);
  await afterwards(time, 10 * minuteMs);
  strike(strikes, "ann", 4);
  expect(strikes.refusalOf("ann")).toBeUndefined();
  strikes.add("ann");
  expect(strikes.refusalOf("ann")).toBeDefined();
});

test("a strike while it is refused does not let anybody in", () => {
  const { strikes } = setUp();
  strike(strikes, "ann", 6);
  expect(strikes.refusalOf("ann")).toBeDefined();
});

test("only so many are remembered, and who struck last is among them", () => {
  const { strikes } = setUp({ maxPrincipals: 100 });
  strike(strikes, "early", 5);
  for (let index = 0; index < 99; index++) strikes.add(`stranger ${index}`);
  expect(strikes.refusalOf("early")).toBeDefined();
  strike(strikes, "late", 5);
  expect(strikes.rememberedCount).toBe(100);
  expect(strikes.refusalOf("early")).toBeUndefined();
  expect(strikes.refusalOf("late")).toBeDefined();
});

test("nothing is held against nobody in particular", () => {
  const { strikes } = setUp();
  for (let count = 0; count < 10; count++) strikes.add(undefined);
  expect(strikes.refusalOf(undefined)).toBeUndefined();
  expect(strikes.rememberedCount).toBe(0);
});

test.each([
  ["ann", "card 1", "203.0.113.7", "subject ann"],
  [undefined, "card 1", "203.0.113.7", "token card 1"],
  [undefined, undefined, "203.0.113.7", "address 203.0.113.7"],
  [undefined, undefined, "2001:db8:0:7:aaaa:bbbb:cccc:dddd", "address 2001:db8:0:7::/64"],
  [undefined, undefined, "2001:DB8:0:0007::1", "address 2001:db8:0:7::/64"],
  [undefined, undefined, "2001:db8::1", "address 2001:db8:0:0::/64"],
  [undefined, undefined, "fe80::1%eth0", "address fe80:0:0:0::/64"],
  [undefined, undefined, "::2", "address 0:0:0:0::/64"],
  [undefined, undefined, "127.0.0.1", undefined],
  [undefined, undefined, "::1", undefined],
  [undefined, undefined, "", undefined],
])("%s with the token %s at %s answers as %s", (subject, tokenId, address, principal) => {
  expect(principalOf({ subject, tokenId }, address)).toBe(principal);
});

test("nobody can name itself like an address, nor a token like a person", () => {
  const name = "address 203.0.113.7";
  const byAddress = principalOf({}, "203.0.113.7");
  expect(principalOf({ subject: name }, "")).not.toBe(byAddress);
  expect(principalOf({ tokenId: name }, "")).not.toBe(byAddress);
  expect(principalOf({ tokenId: "ann" }, "")).not.toBe(principalOf({ subject: "ann" }, ""));
});
