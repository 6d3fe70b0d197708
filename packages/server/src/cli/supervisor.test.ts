/** The supervisor over real processes that are not servers: small ones, which do at once what a test wants. */
import { type ChildProcess, spawn } from "node:child_process";
import { expect, onTestFinished, test } from "vitest";
import { restartPauseMs, Supervisor } from "./supervisor.js";

const listens = `process.send({ kind: "listening", url: "ws://127.0.0.1:4711", port: 4711 });`;
const stays = `process.on("message", () => process.exit(0));`;
const dies = `process.kill(process.pid, "SIGKILL");`;

/** Each start runs the next of `scripts`. Time passes when it is told to. */
function supervising(scripts: readonly string[]) {
  const told: string[] = [];
  const ports: (number | undefined)[] = [];
  const children: ChildProcess[] = [];
  const pauses: (() => void)[] = [];
  let nowMs = 0;
  const supervisor = new Supervisor({
    start: (port) => {
      ports.push(port);
      const args = ["-e", scripts[children.length] ?? "process.exit(99)"];
      const child = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit", "ipc"] });
      children.push(child);
      return child;
    },
    onListening: (url) => told.push(url),
    onBack: ({ signal, isAsked }, awayMs) => told.push(`back from ${signal}, asked ${isAsked}, ${awayMs} ms`),
    onPause: ({ signal }, pauseMs) => told.push(`${signal}, pause of ${pauseMs} ms`),
    timers: {
      now: () => nowMs,
      soon: () => undefined,
      after: (delayMs, callback) => {
        pauses.push(() => {
          nowMs += delayMs;
          callback();
        });
        return () => void pauses.pop();
      },
    },
  });
  onTestFinished(() => children.forEach((child) => child.kill("SIGKILL")));
  const pass = (ms: number) => (nowMs += ms);
  return { supervisor, told, ports, children, pauses, pass };
}

test("a server that asks for it is killed, and started again on the port it had", async () => {
  const asks = `${listens} process.send({ kind: "crash" }); setInterval(() => {}, 1000);`;
  const { supervisor, told, ports } = supervising([asks, `${listens} process.exit(7);`]);
  expect(await supervisor.run()).toBe(7);
  expect(told).toEqual(["ws://127.0.0.1:4711", "back from SIGKILL, asked true, 0 ms"]);
  expect(ports).toEqual([undefined, 4711]);
});

test("one that exits by itself has its reason, before it listens and after", async () => {
  for (const script of ["process.exit(3);", `${listens} process.exit(3);`]) {
    const { supervisor, ports } = supervising([script]);
    expect(await supervisor.run()).toBe(3);
    expect(ports).toHaveLength(1);
  }
});

test("one that dies soon again and again is started after pauses that grow; one that has lived, at once", async () => {
  const { supervisor, told, children, pauses, pass } = supervising([
    dies,
    dies,
    dies,
    listens + stays,
    "process.exit(5);",
  ]);
  const ended = supervisor.run();
  await expect.poll(() => told).toEqual(["SIGKILL, pause of 500 ms"]);
  pauses.pop()?.();
  await expect.poll(() => told).toHaveLength(2);
  expect(told[1]).toBe("SIGKILL, pause of 1000 ms");
  pauses.pop()?.();
  await expect.poll(() => told).toHaveLength(3);
  // Nobody was told before where it is.
  expect(told[2]).toBe("ws://127.0.0.1:4711");
  pass(2_000);
  children[3]?.kill("SIGKILL");
  expect(await ended).toBe(5);
  expect(pauses).toEqual([]);
});

test("told to stop, it waits for the server, also for one that is not yet there to hear it", async () => {
  const hearsLate = `setTimeout(() => process.on("message", ({ signal }) => process.exit(signal === "SIGINT" ? 0 : 1)), 100);`;
  const { supervisor, ports } = supervising([hearsLate]);
  const ended = supervisor.run();
  expect(supervisor.stop("SIGINT")).toBe(false);
  expect(await ended).toBe(0);
  expect(ports).toHaveLength(1);
});

test("told again, it does not wait", async () => {
  const { supervisor } = supervising([`process.on("message", () => undefined);`]);
  const ended = supervisor.run();
  expect(supervisor.stop("SIGTERM")).toBe(false);
  expect(supervisor.stop("SIGTERM")).toBe(true);
  expect(await ended).toBe(1);
});

test("told to stop right after the server asked to be killed, it ends as it was told to", async () => {
  const asks = `${listens} process.send({ kind: "crash" }); setInterval(() => {}, 1000);`;
  const { supervisor, children } = supervising([asks]);
  const ended = supervisor.run();
  children[0]?.on("message", ({ kind }: { kind: string }) => kind === "crash" && supervisor.stop("SIGTERM"));
  expect(await ended).toBe(0);
});

test("a server that does not hear is ended after a while", async () => {
  const { supervisor, told, pauses } = supervising([`${listens} process.on("message", () => undefined);`]);
  const ended = supervisor.run();
  await expect.poll(() => told).toHaveLength(1);
  supervisor.stop("SIGTERM");
  pauses.pop()?.();
  expect(await ended).toBe(1);
});

test("told to stop in a pause, it starts nothing any more", async () => {
  const { supervisor, told, ports, pauses } = supervising([dies, dies]);
  const ended = supervisor.run();
  await expect.poll(() => told).toHaveLength(1);
  supervisor.stop("SIGTERM");
  expect(await ended).toBe(0);
  expect([ports.length, pauses.length]).toEqual([2, 0]);
});

test("pauses double up to half a minute", () => {
  expect([0, 1, 2, 3, 4].map(restartPauseMs)).toEqual([0, 0, 500, 1_000, 2_000]);
  expect(restartPauseMs(50)).toBe(30_000);
});
