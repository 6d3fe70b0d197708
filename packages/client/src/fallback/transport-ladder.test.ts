import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TransportLadder, type FailedAttempt, type TransportKind } from "./transport-ladder.js";

const unopened: FailedAttempt = { didOpen: false, wasAnswered: false };
const silent: FailedAttempt = { didOpen: true, wasAnswered: false };
const refused: FailedAttempt = { didOpen: true, wasAnswered: true };
const minuteMs = 60_000;

/** The kinds of so many attempts in a row that all fail in the same way, a second apart. */
function failing(ladder: TransportLadder, count: number, how = unopened, startMs = 0): TransportKind[] {
  return Array.from({ length: count }, (_, i) => {
    const nowMs = startMs + i * 1_000;
    const kind = ladder.next(nowMs);
    ladder.failed(kind, how, nowMs);
    return kind;
  });
}

function onFallback(kind: "sse" | "poll", nowMs = 0): TransportLadder {
  const ladder = new TransportLadder(true);
  failing(ladder, kind === "sse" ? 2 : 4);
  expect(ladder.next(nowMs)).toBe(kind);
  ladder.opened(kind, nowMs);
  return ladder;
}

describe("the ladder of transports", () => {
  it("goes down after two attempts each that do not open, and starts anew when nothing works", () => {
    const kinds = failing(new TransportLadder(true), 8);
    expect(kinds).toEqual(["websocket", "websocket", "sse", "sse", "poll", "poll", "websocket", "websocket"]);
  });

  it("leaves the stream out where answers cannot be read while they arrive", () => {
    expect(failing(new TransportLadder(false), 5)).toEqual(["websocket", "websocket", "poll", "poll", "websocket"]);
  });

  it("takes a stream that opens and stays silent for one that is held back, at once", () => {
    expect(failing(new TransportLadder(true), 4, silent)).toEqual(["websocket", "websocket", "sse", "poll"]);
  });

  it("stays where the server answers, whatever it says", () => {
    const ladder = new TransportLadder(true);
    expect(failing(ladder, 20, refused)).toEqual(Array<string>(20).fill("websocket"));
  });

  it("keeps a fallback that was welcomed for later connections", () => {
    const ladder = onFallback("poll");
    expect([1, 2, 3].map((nowMs) => ladder.next(nowMs))).toEqual(["poll", "poll", "poll"]);
  });

  it("starts from the top when a fallback that had worked fails: it is the server that is down, or another network", () => {
    const ladder = onFallback("sse");
    expect(failing(ladder, 5)).toEqual(["sse", "sse", "websocket", "websocket", "sse"]);
  });

  it("gives a WebSocket that has worked 20 s: a restart of the server is not a reason to leave it", () => {
    const ladder = new TransportLadder(true);
    ladder.opened("websocket", 0);
    const kinds = failing(ladder, 23, unopened, minuteMs);
    expect(kinds.lastIndexOf("websocket")).toBe(20);
    expect(kinds[21]).toBe("sse");
  });

  it("asks for a probe after half a minute on a fallback, then after 5 min, then more rarely, up to an hour", () => {
    const ladder = onFallback("sse");
    let nowMs = 0;
    const pausesMs: number[] = [];
    for (let i = 0; i < 7; i++) {
      const pauseMs = ladder.probeInMs(nowMs) ?? NaN;
      pausesMs.push(pauseMs / minuteMs);
      nowMs += pauseMs;
      expect(ladder.probeInMs(nowMs)).toBe(0);
      ladder.probed(nowMs);
    }
    expect(pausesMs).toEqual([0.5, 5, 10, 20, 40, 60, 60]);
  });

  it("begins with short pauses between probes again once a WebSocket has worked", () => {
    const ladder = onFallback("sse");
    for (let i = 0; i < 3; i++) ladder.probed(0);
    ladder.opened("websocket", 0);
    failing(ladder, 22, unopened, 0);
    expect(ladder.next(22_000)).toBe("sse");
    ladder.opened("sse", 22_000);
    expect(ladder.probeInMs(22_000)).toBe(30_000);
    ladder.probed(52_000);
    expect(ladder.probeInMs(52_000)).toBe(5 * minuteMs);
  });

  it("wants no probe before a fallback works again, when one that had worked fails", () => {
    const ladder = onFallback("sse");
    failing(ladder, 2);
    expect([ladder.next(0), ladder.probeInMs(0)]).toEqual(["websocket", undefined]);
  });

  it("wants no probe on a WebSocket, nor before a fallback has worked", () => {
    const ladder = new TransportLadder(true);
    expect(ladder.probeInMs(0)).toBeUndefined();
    failing(ladder, 2);
    expect(ladder.probeInMs(0)).toBeUndefined();
    ladder.opened("sse", 0);
    ladder.opened("websocket", 1);
    expect(ladder.probeInMs(2)).toBeUndefined();
  });

  it("tries a WebSocket with the next connection after a probe was due, once, and goes on with what it had", () => {
    const ladder = onFallback("sse");
    expect(failing(ladder, 2, unopened, minuteMs)).toEqual(["websocket", "sse"]);
  });

  it("tries a WebSocket once after the network changed", () => {
    const ladder = onFallback("poll");
    ladder.woke();
    expect(failing(ladder, 2)).toEqual(["websocket", "poll"]);
  });

  it("is not impressed by a wake on a WebSocket", () => {
    const ladder = new TransportLadder(true);
    ladder.woke();
    failing(ladder, 2);
    expect(ladder.next(0)).toBe("sse");
  });

  it("never goes seven attempts without trying a WebSocket when all fail, whatever came before", () => {
    const step = fc.record({
      ms: fc.integer({ min: 0, max: 10 * minuteMs }),
      what: fc.constantFrom("unopened", "silent", "refused", "opened", "woke", "probed"),
    });
    fc.assert(
      fc.property(fc.array(step), fc.boolean(), (steps, hasStreams) => {
        const ladder = new TransportLadder(hasStreams);
        let nowMs = 0;
        for (const { ms, what } of steps) {
          nowMs += ms;
          const kind = ladder.next(nowMs);
          if (what === "opened") ladder.opened(kind, nowMs);
          else if (what === "woke") ladder.woke();
          else if (what === "probed" && ladder.probeInMs(nowMs) !== undefined) ladder.probed(nowMs);
          else if (what === "refused") ladder.failed(kind, refused, nowMs);
          else ladder.failed(kind, what === "silent" ? silent : unopened, nowMs);
        }
        expect(failing(ladder, 7, unopened, nowMs)).toContain("websocket");
      }),
    );
  });
});
