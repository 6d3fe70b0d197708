/** What stands before a connection hands on every frame, in order, whenever it may. */
import { expect, test } from "vitest";
import type { Timers } from "../timers.js";
import { MeteredConnection } from "./metered-connection.js";
import { ReadingTurns } from "./reading-turns.js";
import type { Connection } from "./transport.js";

/** A socket that can be paused. */
class Socket {
  holdCount = 0;

  holdReading(): () => void {
    this.holdCount += 1;
    return () => void (this.holdCount -= 1);
  }
}

/** The clock goes on by what each message costs. */
class StepTime implements Timers {
  nowMs = 0;
  #soon: (() => void)[] = [];

  now(): number {
    return this.nowMs;
  }

  soon(callback: () => void): void {
    this.#soon.push(callback);
  }

  /** Nobody is held for longer than a turn here. */
  after(_delayMs: number, callback: () => void): () => void {
    this.soon(callback);
    return () => undefined;
  }

  /** False when nothing was left to do. */
  turn(): boolean {
    const due = this.#soon.splice(0);
    for (const callback of due) callback();
    return due.length > 0;
  }

  settle(): void {
    while (this.turn());
  }
}

function setUp(costMs: number) {
  const time = new StepTime();
  const socket = new Socket();
  const log: (number | "closed")[] = [];
  const turns = new ReadingTurns({ timers: time, backlogPart: () => 0 });
  const behind: Connection = {
    receive: (frame) => {
      time.nowMs += costMs;
      log.push(new DataView(frame.buffer).getUint32(0));
    },
    closed: () => void log.push("closed"),
    goAway: () => undefined,
    tick: () => undefined,
  };
  const connection = new MeteredConnection(behind, socket, turns);
  const arrive = (from: number, to: number) => {
    for (let number = from; number < to; number++) {
      const frame = new Uint8Array(20);
      new DataView(frame.buffer).setUint32(0, number);
      connection.receive(frame);
    }
  };
  return { time, socket, log, connection, arrive };
}

const upTo = (count: number) => Array.from({ length: count }, (_, index) => index);

test("frames that fit into a turn are handed on at once, without reading being held", () => {
  const { arrive, log, socket } = setUp(0.1);
  arrive(0, 30);
  expect(log).toEqual(upTo(30));
  expect(socket.holdCount).toBe(0);
});

test("what came with them waits for later turns, in order; reading is held meanwhile and goes on afterwards", () => {
  const { arrive, log, socket, time } = setUp(0.1);
  arrive(0, 3_000);
  expect(log.length).toBeLessThan(50);
  expect(socket.holdCount).toBe(1);
  time.turn();
  expect(log.length).toBeGreaterThan(40);
  expect(log.length).toBeLessThan(100);
  arrive(3_000, 3_010);
  time.settle();
  expect(log).toEqual(upTo(3_010));
  expect(socket.holdCount).toBe(0);
});

test("a few small frames that wait do not stop the socket", () => {
  const { arrive, log, socket, time } = setUp(5);
  arrive(0, 10);
  expect(log).toEqual([0]);
  expect(socket.holdCount).toBe(0);
  time.settle();
  expect(log).toEqual(upTo(10));
});

test("what a client had sent before it went is dealt with before its connection ends", () => {
  const { arrive, log, connection, time } = setUp(1);
  arrive(0, 50);
  connection.closed();
  time.settle();
  expect(log).toEqual([...upTo(50), "closed"]);
});

test("a connection of which nothing waits ends at once, and once", () => {
  const { arrive, log, connection, time } = setUp(0.1);
  arrive(0, 1);
  connection.closed();
  time.settle();
  expect(log).toEqual([0, "closed"]);
});

test("a frame does not overtake those before it, although its connection has become a light one meanwhile", () => {
  const time = new StepTime();
  const turns = new ReadingTurns({ timers: time, backlogPart: () => 0 });
  const log: number[] = [];
  const behind = (costMs: number): Connection => ({
    receive: (frame) => {
      time.nowMs += costMs;
      log.push(frame[0] ?? 0);
    },
    closed: () => undefined,
    goAway: () => undefined,
    tick: () => undefined,
  });
  const patient = new MeteredConnection(behind(1), new Socket(), turns);
  const greedy = new MeteredConnection(behind(500), new Socket(), turns);
  patient.receive(Uint8Array.of(1));
  greedy.receive(Uint8Array.of(100));
  greedy.receive(Uint8Array.of(101));
  for (let number = 2; number < 12; number++) patient.receive(Uint8Array.of(number));
  time.settle();
  expect(log.filter((number) => number < 100)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
});
