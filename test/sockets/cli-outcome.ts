/** The command line run to its end, with what it reads and writes as bytes. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { buffer, text } from "node:stream/consumers";
import { onTestFinished } from "vitest";
import { serverBin } from "../support/server-process.js";

export interface Outcome {
  readonly exitCode: number | null;
  readonly bytes: Uint8Array;
  /** Standard output. */
  readonly output: string;
  /** Standard error. */
  readonly errors: string;
}

export interface RunOptions {
  readonly input?: Uint8Array;
  readonly directory?: string;
  /** Called with what has been written to standard error so far; returns a signal to send. */
  readonly signalWhen?: (errors: string) => NodeJS.Signals | undefined;
}

export async function syncline(
  args: readonly string[],
  { input, directory, signalWhen }: RunOptions = {},
): Promise<Outcome> {
  const child = spawn(process.execPath, [serverBin, ...args], { cwd: directory, env: { PATH: process.env["PATH"] } });
  onTestFinished(() => void (child.exitCode === null && child.signalCode === null && child.kill("SIGKILL")));
  child.stdin.end(input);
  let soFar = "";
  child.stderr.on("data", (chunk: Uint8Array) => {
    soFar += String(chunk);
    const signal = signalWhen?.(soFar);
    if (signal) child.kill(signal);
  });
  const [bytes, errors, [exitCode]] = await Promise.all([
    buffer(child.stdout),
    text(child.stderr),
    once(child, "close") as Promise<[number | null]>,
  ]);
  return { exitCode, bytes, output: String(bytes), errors };
}

/** Standard output of a command that has to go well. */
export async function outputOf(args: readonly string[], options: RunOptions = {}): Promise<string> {
  const { exitCode, output, errors } = await syncline(args, options);
  if (exitCode !== 0) throw new Error(`syncline ${args.join(" ")} exited with ${exitCode}: ${errors}`);
  return output;
}
