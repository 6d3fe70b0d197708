import { describe, expect, it } from "vitest";
import { FakeTiming } from "../../test-support/fake-timing.js";
import type { CarrierHandlers, OpenCarrier } from "../carrier.js";
import { ladderCarrier } from "./ladder-carrier.js";
import { TransportLadder } from "./transport-ladder.js";

/** Carriers that do what the test says; `made` are their kinds in the order in which they were opened. */
function world() {
  const timing = new FakeTiming();
  const made: { kind: string; handlers: CarrierHandlers; isClosed: boolean }[] = [];
  const opener =
    (kind: string): OpenCarrier =>
    (_, handlers) => {
      const carrier = { kind, handlers, isClosed: false };
      made.push(carrier);
      return { send: () => undefined, close: () => (carrier.isClosed = true) };
    };
  const answers: boolean[] = [];
  const heard: string[] = [];
  let isOffline = false;
  const open = ladderCarrier({
    ladder: new TransportLadder(true),
    openWebSocket: opener("websocket"),
    loadFallback: () =>
      Promise.resolve({ openFallback: opener, probe: () => Promise.resolve(answers.shift() ?? false) }),
    timing,
    isOffline: () => isOffline,
    onTransport: (kind) => heard.push(kind),
  });
  const ended: number[] = [];
  const frames: Uint8Array[] = [];
  /** Opens a carrier, and gives what was made of it once it is loaded. */
  const attempt = async () => {
    const carrier = open("ws://host/.syncline/v1", {
      onOpen: () => undefined,
      onFrame: (frame) => frames.push(frame),
      onError: () => undefined,
      onClose: ({ code }) => ended.push(code),
    });
    await settle();
    return { carrier, under: made.at(-1) as (typeof made)[number] };
  };
  const fail = async () => (await attempt()).under.handlers.onClose({ code: 1006, reason: "" });
  const welcome = async () => {
    const { carrier, under } = await attempt();
    under.handlers.onOpen();
    under.handlers.onFrame(new Uint8Array(1));
    return { carrier, under };
  };
  const kinds = () => made.map(({ kind }) => kind);
  return { timing, attempt, fail, welcome, kinds, answers, heard, ended, frames, setOffline: () => (isOffline = true) };
}

/** Lets every promise that can settle do so. */
const settle = () => new Promise<void>((resolve) => void setTimeout(resolve));

describe("a carrier by the ladder", () => {
  it("falls back after two attempts that never opened, and says what it uses once the server was heard", async () => {
    const { fail, welcome, kinds, heard, frames } = world();
    await fail();
    await fail();
    await welcome();
    expect(kinds()).toEqual(["websocket", "websocket", "sse"]);
    expect(heard).toEqual(["sse"]);
    expect(frames.length).toBe(1);
  });

  it("counts an attempt that was given up after it got no answer, and not one that was not waited for", async () => {
    const { attempt, timing, kinds } = world();
    for (const waitMs of [100, 10_000, 100, 10_000]) {
      const { carrier } = await attempt();
      timing.advance(waitMs);
      carrier.close();
    }
    await attempt();
    expect(kinds()).toEqual([...Array<string>(4).fill("websocket"), "sse"]);
  });

  it("does not count what failed while the runtime was offline, or was closed in the server's own words", async () => {
    const { attempt, fail, kinds, setOffline, timing } = world();
    for (let i = 0; i < 3; i++) {
      const { under } = await attempt();
      under.handlers.onOpen();
      under.handlers.onClose({ code: 4503, reason: "" });
    }
    setOffline();
    // Longer than a WebSocket that has worked is given.
    for (let i = 0; i < 3; i++) {
      await fail();
      timing.advance(30_000);
    }
    await attempt();
    expect(new Set(kinds())).toEqual(new Set(["websocket"]));
  });

  it("comes back when a probe finds that a WebSocket opens: the fallback ends as for a restart, and the next is a WebSocket", async () => {
    const { fail, welcome, attempt, timing, kinds, answers, ended } = world();
    await fail();
    await fail();
    ended.length = 0;
    const { under } = await welcome();
    answers.push(false, true);
    timing.advance(30_000);
    await settle();
    expect([under.isClosed, ended]).toEqual([false, []]);
    timing.advance(5 * 60_000 - 1);
    expect(under.isClosed).toBe(false);
    timing.advance(1);
    await settle();
    expect([under.isClosed, ended]).toEqual([true, [1012]]);
    await attempt();
    expect(kinds().at(-1)).toBe("websocket");
  });

  it("leaves no timer behind when it is closed", async () => {
    const { fail, welcome, timing } = world();
    await fail();
    await fail();
    const { carrier } = await welcome();
    expect(timing.timerCount).toBe(1);
    carrier.close();
    expect(timing.timerCount).toBe(0);
  });
});
