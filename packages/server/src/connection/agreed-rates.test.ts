import { expect, test } from "vitest";
import { VirtualTime } from "../../test-support/virtual-time.js";
import { anybody } from "../room/standing.js";
import { AgreedRates } from "./agreed-rates.js";
import type { Rates } from "./authorize.js";
import type { Peer } from "./transport.js";

const rates: Rates = { updatesPerSecond: 1 };

const newPeer = (): Peer => ({ address: "203.0.113.7", headers: {} });

function setUp(maxRemembered?: number) {
  const time = new VirtualTime();
  const agreedRates = new AgreedRates(time, maxRemembered);
  const agreement = (tokenId?: string, subject?: string, peer = newPeer(), agreed: Rates | undefined = rates) => {
    const made = agreedRates.agreementOf({ rates: agreed, tokenId, standing: { ...anybody, subject } }, peer);
    if (!made) throw new Error("nothing was agreed upon");
    return made;
  };
  return { time, agreedRates, agreement };
}

test("who comes by another socket with the same token is as far behind as before", () => {
  const { agreedRates, agreement } = setUp();
  for (let count = 0; count < 5; count++) agreedRates.take(agreement("card 1"), 10);
  expect(agreedRates.owedMs(agreement("card 1"))).toBe(4_000);
  expect(agreedRates.owedMs(agreement("card 2"))).toBe(0);
});

test("tokens without a name count together by their person, and neither is taken for the other", () => {
  const { agreedRates, agreement } = setUp();
  for (let count = 0; count < 5; count++) agreedRates.take(agreement(undefined, "ann"), 10);
  expect(agreedRates.owedMs(agreement(undefined, "ann"))).toBe(4_000);
  expect(agreedRates.owedMs(agreement(undefined, "bob"))).toBe(0);
  expect(agreedRates.owedMs(agreement("ann"))).toBe(0);
});

test("of who has no name at all each socket counts by itself, and all of one together", () => {
  const { agreedRates, agreement } = setUp();
  const peer = newPeer();
  for (let count = 0; count < 5; count++) agreedRates.take(agreement(undefined, undefined, peer), 10);
  expect(agreedRates.owedMs(agreement(undefined, undefined, peer))).toBe(4_000);
  expect(agreedRates.owedMs(agreement())).toBe(0);
});

test("nothing is agreed upon with who has no rates", () => {
  const { agreedRates } = setUp();
  const granted = { tokenId: "card 1", standing: anybody };
  expect(agreedRates.agreementOf({ ...granted, rates: undefined }, newPeer())).toBeUndefined();
  expect(agreedRates.agreementOf({ ...granted, rates: {} }, newPeer())).toBeUndefined();
});

test("who is not behind any more is forgotten, who is is remembered", async () => {
  const { time, agreedRates, agreement } = setUp();
  for (let count = 0; count < 60; count++) agreedRates.take(agreement("slow"), 10);
  for (let index = 0; index < 50; index++) agreedRates.take(agreement(`card ${index}`), 10);
  expect(agreedRates.rememberedCount).toBe(51);
  await time.run(time.sleep(2_000));
  for (let index = 0; index < 60; index++) agreedRates.take(agreement("last"), 10);
  expect(agreedRates.rememberedCount).toBe(2);
  expect(agreedRates.owedMs(agreement("slow"))).toBe(57_000);
});

test("only so many are remembered, and who came last is among them", () => {
  const { agreedRates, agreement } = setUp(10);
  for (let index = 0; index < 100; index++) {
    for (let count = 0; count < 3; count++) agreedRates.take(agreement(`card ${index}`), 10);
    expect(agreedRates.owedMs(agreement(`card ${index}`))).toBe(2_000);
  }
  expect(agreedRates.rememberedCount).toBe(10);
});
