/** The real server in a process of its own, started as a person would, so that it can be killed as a machine would. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

export const serverBin = fileURLToPath(new URL("../../packages/server/bin/syncline.js", import.meta.url));

export interface ServerProcess {
  readonly url: string;
  readonly port: number;
  /** What it has written so far. */
  readonly output: () => string;
  /** Sends `signal` and resolves with the exit code once the process is gone; null when the signal ended it. */
  readonly stop: (signal: NodeJS.Signals) => Promise<number | null>;
}

/** Resolves when the server listens. */
export async function startServerProcess(data: string, args: readonly string[] = []): Promise<ServerProcess> {
  const child = runCli(["serve", "--data", data, ...(args.includes("--port") ? [] : ["--port", "0"]), ...args]);
  const output = collectOutput(child);
  const url = await urlIn(child, output);
  return {
    url,
    port: Number(new URL(url).port),
    output,
    stop: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exited = once(child, "exit");
      child.kill(signal);
      const [code] = (await exited) as [number | null];
      return code;
    },
  };
}

/** Runs the command line; whatever is still running when the test is over is killed. */
export function runCli(args: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
  const child = spawn(process.execPath, [serverBin, ...args], {
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], ...env },
  });
  onTestFinished(() => void (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")));
  return child;
}

export function collectOutput(child: ChildProcess): () => string {
  let text = "";
  child.stdout?.on("data", (chunk: Uint8Array) => (text += String(chunk)));
  child.stderr?.on("data", (chunk: Uint8Array) => (text += String(chunk)));
  return () => text;
}

async function urlIn(child: ChildProcess, output: () => string): Promise<string> {
  for (;;) {
    const url = /ws:\/\/\S+:\d+/.exec(output())?.[0];
    if (url) return url;
    if (child.exitCode !== null) throw new Error(`the server did not start: ${output()}`);
    await Promise.race([once(child.stdout as NodeJS.EventEmitter, "data"), once(child, "exit")]);
  }
}
