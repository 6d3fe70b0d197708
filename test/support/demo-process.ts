/** `syncline demo` in processes of its own, as `npm start` starts it. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, onTestFinished } from "vitest";
import { collectOutput, serverBin } from "./server-process.js";

/** The supervisor and its server, in a process group of their own, as a terminal gives them one. */
export async function startDemoProcess(data: string, args: readonly string[] = []) {
  const supervisor = spawn(process.execPath, [serverBin, "demo", "--data", data, "--port", "0", ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"] },
    detached: true,
  });
  const group = -Number(supervisor.pid);
  const output = collectOutput(supervisor);
  // Only when the server has ended, too: it has the same standard output.
  const closed = once(supervisor, "close") as Promise<[number | null]>;
  let isOver = false;
  void closed.then(() => (isOver = true));
  onTestFinished(async () => {
    if (!isOver) process.kill(group, "SIGKILL");
    await closed;
  });
  await expect.poll(() => isOver || output().includes("open the demo"), { timeout: 60_000 }).toBe(true);
  if (isOver) throw new Error(`the demo did not start: ${output()}`);
  const port = Number(/ws:\/\/\S+:(\d+)/.exec(output())?.[1]);
  const http = `http://127.0.0.1:${port}`;
  return { supervisor, group, output, closed, url: `ws://127.0.0.1:${port}`, http, port };
}

export type DemoProcess = Awaited<ReturnType<typeof startDemoProcess>>;
