import { expect, test } from "vitest";
import { VirtualTime } from "../../test-support/virtual-time.js";
import { anybody } from "../room/standing.js";
import { AgreedRates } from "./agreed-rates.js";
import type { Rates } from "./authorize.js";
import { PacedReading } from "./paced-reading.js";

class Socket {
  holdCount = 0;
  readonly peer = { address: "", headers: {} };

  holdReading(): () => void {
    this.holdCount += 1;
    return () => void (this.holdCount -= 1);
  }
}

function setUp() {
  const time = new VirtualTime();
  const noted: string[] = [];
  const services = {
    timers: time,
    agreedRates: new AgreedRates(time),
    refusals: { note: (kind: string) => void noted.push(kind) },
  };
  /** A socket of who has opened a document. */
  const come = (rates: Rates, tokenId = "card 1") => {
    const socket = new Socket();
    const pace = new PacedReading(socket, services);
    const agreement = pace.agree({ rates, tokenId, standing: anybody }, "plan");
    const receive = (byteCount: number, times = 1) => {
      for (let count = 0; count < times; count++) pace.received(agreement, byteCount, "plan");
    };
    return { socket, pace, receive };
  };
  const afterwards = (delayMs: number) => time.run(time.sleep(delayMs));
  return { time, noted, come, afterwards };
}

/** Hands in one update after the other as soon as it is read. Resolves with how long that took. */
async function replay({ time, come }: ReturnType<typeof setUp>, rates: Rates, sizes: readonly number[]) {
  const { socket, receive } = come(rates);
  await time.run(
    (async () => {
      for (const size of sizes) {
        while (socket.holdCount > 0) await time.sleep(1);
        receive(size);
      }
    })(),
  );
  return time.now();
}

const times = (count: number) => Array.from({ length: count }, () => 20);

test("a second's worth comes at once, the rest as fast as agreed", async () => {
  const few = setUp();
  expect(await replay(few, { updatesPerSecond: 10 }, times(10))).toBe(0);
  expect(few.noted).toEqual([]);
  const tookMs = await replay(setUp(), { updatesPerSecond: 10 }, times(110));
  expect(tookMs).toBeGreaterThan(9_500);
  expect(tookMs).toBeLessThan(10_500);
});

test("an update above a second's worth is taken, and the next waits until it is paid for", async () => {
  const tookMs = await replay(setUp(), { bytesPerSecond: 1_000 }, [40_000, 10, 10]);
  expect(tookMs).toBeGreaterThan(38_900);
  expect(tookMs).toBeLessThan(39_100);
});

test("what arrives although reading was held makes the hold longer, not a second one", async () => {
  const { noted, come, afterwards } = setUp();
  const { socket, receive } = come({ updatesPerSecond: 1 });
  receive(10, 4);
  expect(socket.holdCount).toBe(1);
  expect(noted).toEqual(["rate"]);
  await afterwards(2_900);
  expect(socket.holdCount).toBe(1);
  await afterwards(200);
  expect(socket.holdCount).toBe(0);
});

test("a wait above what timers can count is waited for all the same", async () => {
  const { come, afterwards } = setUp();
  const { socket, receive } = come({ bytesPerSecond: 1 });
  receive(4_000_001);
  await afterwards(3_999_000_000);
  expect(socket.holdCount).toBe(1);
  await afterwards(1_000_001);
  expect(socket.holdCount).toBe(0);
});

test("who owes is not read by a second socket either, until it has paid", async () => {
  const { come, afterwards } = setUp();
  const first = come({ updatesPerSecond: 1 });
  first.receive(10, 11);
  first.pace.end();
  expect(first.socket.holdCount).toBe(0);
  const [second, other] = [come({ updatesPerSecond: 1 }), come({ updatesPerSecond: 1 }, "card 2")];
  expect(second.socket.holdCount).toBe(1);
  expect(other.socket.holdCount).toBe(0);
  await afterwards(9_900);
  expect(second.socket.holdCount).toBe(1);
  await afterwards(200);
  expect(second.socket.holdCount).toBe(0);
});

test("what others of the same token have sent meanwhile is waited for, too", async () => {
  const { come, afterwards } = setUp();
  const [first, second] = [come({ updatesPerSecond: 1 }), come({ updatesPerSecond: 1 })];
  first.receive(10, 3);
  second.receive(10, 3);
  await afterwards(4_900);
  expect([first.socket.holdCount, second.socket.holdCount]).toEqual([1, 1]);
  await afterwards(200);
  expect([first.socket.holdCount, second.socket.holdCount]).toEqual([0, 0]);
});

test("what was sent before a socket went counts, although it is dealt with afterwards", () => {
  const { come } = setUp();
  const first = come({ updatesPerSecond: 1 });
  first.pace.end();
  first.receive(10, 3);
  expect(first.socket.holdCount).toBe(0);
  expect(come({ updatesPerSecond: 1 }).socket.holdCount).toBe(1);
});

test("who may send as fast as it can is never held", () => {
  const { noted, come } = setUp();
  const { socket, receive } = come({});
  receive(1_000_000, 100);
  expect(socket.holdCount).toBe(0);
  expect(noted).toEqual([]);
});
