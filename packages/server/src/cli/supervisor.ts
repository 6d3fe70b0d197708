/**
 * Keeps one server running: starts it again when a signal has ended it, and ends it by one when it asks for that. One that
 * exits by itself has its reason, and is not started again. Knows no terminal.
 */
import type { ChildProcess } from "node:child_process";
import type { Timers } from "../timers.js";
import type { FromServer, ToServer } from "./supervisor-line.js";

/** A server was ended by a signal. */
export interface Death {
  readonly signal: NodeJS.Signals;
  /** By the supervisor, because the server asked for it. */
  readonly isAsked: boolean;
}

export interface SupervisorOptions {
  /** Starts a server with an IPC channel; on the port that the first one had, once that is known. */
  readonly start: (port: number | undefined) => ChildProcess;
  /** The first server listens, on `ws://host:port`. */
  readonly onListening: (url: string) => void;
  /** A server listens in the place of one that died so long before. */
  readonly onBack: (death: Death, awayMs: number) => void;
  /** It died soon, and again: the next is started after a pause. */
  readonly onPause: (death: Death, pauseMs: number) => void;
  readonly timers: Timers;
}

interface Gap {
  readonly death: Death;
  readonly sinceMs: number;
}

type State =
  | { readonly kind: "idle" }
  | { readonly kind: "starting"; readonly server: ChildProcess; readonly after: Gap | undefined }
  | { readonly kind: "running"; readonly server: ChildProcess; readonly sinceMs: number }
  /** It asked to be killed. */
  | { readonly kind: "crashing"; readonly server: ChildProcess }
  | { readonly kind: "pausing"; readonly cancel: () => void }
  | {
      readonly kind: "stopping";
      readonly server: ChildProcess;
      readonly isDying: boolean;
      readonly cancel: () => void;
    };

/** Longer than a server gives itself to shut down: one that takes it does not hear. */
const stopLimitMs = 12_000;
/** A server that dies sooner may do so again and again. */
const soonMs = 1_000;
const firstPauseMs = 500;
const longestPauseMs = 30_000;

export class Supervisor {
  readonly #options: SupervisorOptions;
  #state: State = { kind: "idle" };
  #port: number | undefined;
  /** How often in a row the server died soon. */
  #soonDeaths = 0;
  #end: (exitCode: number) => void = () => undefined;
  #fail: (thrown: unknown) => void = () => undefined;

  constructor(options: SupervisorOptions) {
    this.#options = options;
  }

  /** Resolves with what to exit with; rejects when no process can be started. */
  run(): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#end = resolve;
      this.#fail = reject;
      this.#start(undefined);
    });
  }

  /** Lets the server shut down; asked again, ends it at once. Returns whether it was asked before. */
  stop(signal: NodeJS.Signals): boolean {
    const state = this.#state;
    if (state.kind === "pausing") {
      state.cancel();
      this.#end(0);
    }
    if (!("server" in state)) return false;
    if (state.kind === "stopping") return state.server.kill("SIGKILL");
    const { server } = state;
    const cancel = this.#options.timers.after(stopLimitMs, () => server.kill("SIGKILL"));
    this.#state = { kind: "stopping", server, isDying: state.kind === "crashing", cancel };
    const message: ToServer = { kind: "stop", signal };
    // Where it does not hear it, it is about to exit.
    server.send(message, () => undefined);
    return false;
  }

  #start(after: Gap | undefined): void {
    const server = this.#options.start(this.#port);
    this.#state = { kind: "starting", server, after };
    server.on("message", (message: FromServer) => this.#hear(server, message));
    server.once("exit", (code, signal) => this.#onExit(code, signal));
    server.on("error", (error) => server.pid === undefined && this.#fail(error));
  }

  #hear(server: ChildProcess, message: FromServer): void {
    const state = this.#state;
    // A dead one's message may come after its death.
    if (!("server" in state) || state.server !== server) return;
    if (state.kind === "starting" && message.kind === "listening") this.#onListening(state, message);
    if (state.kind === "running" && message.kind === "crash") {
      this.#state = { kind: "crashing", server };
      server.kill("SIGKILL");
    }
  }

  #onListening(
    { server, after }: Extract<State, { kind: "starting" }>,
    { url, port }: Extract<FromServer, { kind: "listening" }>,
  ): void {
    const { timers, onListening, onBack } = this.#options;
    this.#state = { kind: "running", server, sinceMs: timers.now() };
    const isFirst = this.#port === undefined;
    this.#port = port;
    if (after && !isFirst) onBack(after.death, timers.now() - after.sinceMs);
    else onListening(url);
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    const state = this.#state;
    if (state.kind === "stopping") {
      state.cancel();
      return this.#end(code ?? (state.isDying ? 0 : 1));
    }
    if (signal === null) return this.#end(code ?? 1);
    const death = { signal, isAsked: state.kind === "crashing" };
    const gap = { death, sinceMs: this.#options.timers.now() };
    this.#soonDeaths = this.#isSoon(state) ? this.#soonDeaths + 1 : 0;
    const pauseMs = restartPauseMs(this.#soonDeaths);
    if (pauseMs === 0) return this.#start(gap);
    const cancel = this.#options.timers.after(pauseMs, () => this.#start(gap));
    this.#state = { kind: "pausing", cancel };
    this.#options.onPause(death, pauseMs);
  }

  #isSoon(state: State): boolean {
    if (state.kind === "running") return this.#options.timers.now() - state.sinceMs < soonMs;
    return state.kind === "starting";
  }
}

/** Before a server is started that died soon so many times in a row: not at all, then twice as long each time. */
export function restartPauseMs(soonDeathCount: number): number {
  return soonDeathCount < 2 ? 0 : Math.min(longestPauseMs, firstPauseMs * 2 ** (soonDeathCount - 2));
}
