/** A server under test: started in its own process, asked for CPU and memory, ended by its id. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { performance } from "node:perf_hooks";
import { setTimeout as pause } from "node:timers/promises";
import { cpuBetween, sampleCpu } from "./cpu-time.mjs";
import { writtenBytes } from "./disk-writes.mjs";

const startLimitMs = 30_000;
const stopLimitMs = 20_000;
/** How often `untilIdle` looks. */
const lookMs = 250;
const memoryHook = new URL("./memory-hook.mjs", import.meta.url).href;
const eventLoopHook = new URL("./event-loop-hook.mjs", import.meta.url).href;
/** For whoever profiles: BENCH_NODE_FLAGS="--cpu-prof --cpu-prof-dir=/tmp/profiles". */
const profilingFlags = (process.env.BENCH_NODE_FLAGS ?? "").split(" ").filter((flag) => flag !== "");

/** Servers of this process that have not ended. @type {Set<import("node:child_process").ChildProcess>} */
const running = new Set();

process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * @param {import("./peers.mjs").Peer} peer
 * @param {{ dataDirectory: string, withMemory?: boolean, withEventLoop?: boolean }} options One of the two: they answer alike.
 */
export async function startServer(peer, { dataDirectory, withMemory = false, withEventLoop = false }) {
  const port = peer.takesPortZero ? 0 : await freePort();
  const hookFlags = withMemory ? ["--expose-gc", "--import", memoryHook] : ["--import", eventLoopHook];
  const hasHook = withMemory || withEventLoop;
  const nodeFlags = [...profilingFlags, ...(hasHook ? hookFlags : [])];
  const child = spawn(process.execPath, [...nodeFlags, ...peer.command(dataDirectory)], {
    env: { PATH: process.env.PATH, NODE_ENV: "production", ...peer.environment(dataDirectory, port) },
    stdio: hasHook ? ["ignore", "pipe", "pipe", "ipc"] : ["ignore", "pipe", "pipe"],
  });
  running.add(child);
  child.once("exit", () => running.delete(child));
  process.send?.({ type: "server-started", pid: child.pid });
  const server = new ServerProcess(child, peer);
  await server.listening(port);
  return server;
}

class ServerProcess {
  /** Set once it listens. */
  port = 0;
  peer;
  #child;
  #output = "";
  #isEnding = false;
  #idleShare = 0;
  /** Rejects when the server ends without having been told to. */
  died;

  /** @param {import("node:child_process").ChildProcess} child @param {import("./peers.mjs").Peer} peer */
  constructor(child, peer) {
    this.#child = child;
    this.peer = peer;
    this.died = new Promise((_, reject) => {
      child.once("error", reject);
      child.once("exit", (code, signal) => {
        process.send?.({ type: "server-ended", pid: child.pid });
        if (!this.#isEnding)
          reject(new Error(`the server ended (${signal ?? code}): ${this.complaints || "no output"}`));
      });
    });
    this.died.catch(() => undefined);
    child.stdout?.setEncoding("utf8").on("data", (text) => this.#heard(text));
    child.stderr?.setEncoding("utf8").on("data", (text) => this.#heard(text));
  }

  get pid() {
    return this.#child.pid ?? 0;
  }

  /** How long nothing must happen until nothing more is expected. */
  get quietMs() {
    return this.peer.writesWithinMs + 2 * lookMs;
  }

  /** The end of what it printed. */
  get complaints() {
    return this.#output.slice(-500).trim();
  }

  /** @param {number} port The one it was told to take; 0 if it says itself. */
  async listening(port) {
    const deadline = performance.now() + startLimitMs;
    const line = port === 0 ? /ws:\/\/127\.0\.0\.1:(\d+)/ : /running at/;
    for (;;) {
      const match = line.exec(this.#output);
      if (match) {
        this.port = port || Number(match[1]);
        return;
      }
      if (performance.now() > deadline) throw new Error(`the server does not listen: ${this.complaints}`);
      await Promise.race([pause(5), this.died]);
    }
  }

  /** @throws when the server is gone */
  cpu() {
    try {
      return sampleCpu(this.pid);
    } catch (cause) {
      throw new Error(`the server is gone: ${this.complaints || "it printed nothing"}`, { cause });
    }
  }

  /** Measures what it uses while nothing happens; `untilIdle` and `spent` take that as zero. @param {number} forMs */
  async measureIdle(forMs) {
    const from = this.cpu();
    await Promise.race([pause(forMs), this.died]);
    this.#idleShare = cpuBetween(from, this.cpu()).share;
    return this.#idleShare;
  }

  /**
   * CPU since `from`, less what it uses when idle.
   *
   * @param {import("./cpu-time.mjs").CpuSample} from
   */
  spent(from) {
    const between = cpuBetween(from, this.cpu());
    return { ...between, cpuMs: between.cpuMs - between.wallMs * this.#idleShare };
  }

  /**
   * Resolves when the server has used no CPU and written nothing for `quietMs`: what it still had to do is done.
   *
   * @param {number} limitMs
   * @throws when it is busy for longer
   */
  async untilIdle(limitMs) {
    const deadline = performance.now() + limitMs;
    for (let quietCount = 0; quietCount * lookMs < this.quietMs;) {
      if (performance.now() > deadline) throw new Error(`the server was still busy after ${limitMs / 1000} s`);
      const from = this.cpu();
      const bytes = writtenBytes(this.pid);
      await Promise.race([pause(lookMs), this.died]);
      const isQuiet = cpuBetween(from, this.cpu()).share < this.#idleShare + 0.02 && writtenBytes(this.pid) === bytes;
      quietCount = isQuiet ? quietCount + 1 : 0;
    }
  }

  /** After a forced collection. Of a server `withMemory`. @returns {Promise<NodeJS.MemoryUsage>} */
  memory() {
    return this.#ask();
  }

  /** What its event loop did since this was last asked. Of one `withEventLoop`. @returns {Promise<import("./event-loop-hook.mjs").EventLoopWindow>} */
  eventLoop() {
    return this.#ask();
  }

  /** Of the hook that was loaded into it. */
  async #ask() {
    const answer = once(this.#child, "message");
    this.#child.send("ask");
    const [said] = await Promise.race([answer, this.died]);
    return said;
  }

  /** Ends it and waits until it is gone. @param {"SIGTERM" | "SIGKILL"} signal */
  async end(signal) {
    this.#isEnding = true;
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const gone = once(this.#child, "exit");
    this.#child.kill(signal);
    const killTimer = setTimeout(() => this.#child.kill("SIGKILL"), stopLimitMs);
    await gone;
    clearTimeout(killTimer);
  }

  /** @param {string} text */
  #heard(text) {
    this.#output = (this.#output + text).slice(-8192);
  }
}

async function freePort() {
  const probe = createServer().listen(0, "127.0.0.1");
  await once(probe, "listening");
  const address = probe.address();
  probe.close();
  await once(probe, "close");
  return address && typeof address === "object" ? address.port : 0;
}
