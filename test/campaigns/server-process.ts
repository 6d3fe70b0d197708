/** The campaign's end of kill-server.mjs: starts it, commands it, kills it, and knows what it was doing when it died. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ServerLimits } from "@syncline/server";

const script = fileURLToPath(new URL("kill-server.mjs", import.meta.url));

export interface ArmedDeath {
  /** A method of the store. */
  readonly operation: string;
  readonly edge: "begins" | "ends";
  /** Which call from now on, from 1. */
  readonly nth: number;
  readonly afterMicros: number;
}

/** What a process was doing when it ended. */
export interface End {
  readonly wasKilled: boolean;
  readonly exitCode: number | null;
  /** Operations of the store that had begun and not ended. */
  readonly inFlight: ReadonlySet<string>;
  readonly wasClosing: boolean;
  readonly wasListening: boolean;
}

export interface StartOptions {
  readonly data: string;
  readonly limits: Partial<ServerLimits>;
}

/** A warning or an error that the server logged. */
export interface Complaint {
  readonly level: "warn" | "error";
  readonly message: string;
  readonly fields: string;
}

type Word =
  | { readonly kind: "loaded" | "opening" | "closing" }
  | { readonly kind: "listening"; readonly url: string; readonly canDelete: boolean }
  | { readonly kind: "door-open"; readonly port: number }
  | { readonly kind: "begins"; readonly operation: string }
  | { readonly kind: "ends"; readonly operation: string; readonly tookMicros: number }
  | { readonly kind: "dying"; readonly moment: string }
  | {
      readonly kind: "log";
      readonly level: "debug" | "warn" | "error";
      readonly message: string;
      readonly fields: string;
    }
  | { readonly kind: "done"; readonly id: number }
  | { readonly kind: "refused"; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: "failed"; readonly code: string; readonly message: string };

export type Answer = Extract<Word, { kind: "done" | "refused" }>;

/** The process ended before it did what it was asked to. */
export class ServerGone extends Error {
  override readonly name = "ServerGone";
}

export class ServerProcess {
  readonly #child: ChildProcess;
  readonly #complaints: Complaint[] = [];
  readonly #inFlight = new Map<string, number>();
  readonly #durations = new Map<string, number>();
  readonly #listeners = new Set<(word: Word) => void>();
  #output = "";
  #failure = "";
  #url: string | undefined;
  #canDelete = false;
  #isClosing = false;
  #lastRequestId = 0;
  #compactionCount = 0;
  /** Resolves when the process is gone and all it said has been heard. */
  readonly ended: Promise<End>;

  constructor() {
    this.#child = fork(script, [], { stdio: ["ignore", "pipe", "pipe", "ipc"], env: { PATH: process.env["PATH"] } });
    this.#child.stdout?.on("data", (chunk: Uint8Array) => (this.#output += String(chunk)));
    this.#child.stderr?.on("data", (chunk: Uint8Array) => (this.#output += String(chunk)));
    this.#child.on("message", (word) => this.#hear(word as Word));
    this.ended = this.#watchEnd();
  }

  /** Where checkers connect. */
  get url(): string {
    if (this.#url === undefined) throw new Error("the server does not listen yet");
    return this.#url;
  }

  get isListening(): boolean {
    return this.#url !== undefined;
  }

  /** Whether this server can delete documents and make them anew. */
  get canDelete(): boolean {
    return this.#canDelete;
  }

  get complaints(): readonly Complaint[] {
    return this.#complaints;
  }

  /** How long the last call of each operation of the store took, in microseconds. */
  get durations(): ReadonlyMap<string, number> {
    return this.#durations;
  }

  get compactionCount(): number {
    return this.#compactionCount;
  }

  /** What went wrong, when something did. */
  get lastWords(): string {
    return `${this.#failure}${this.#output}`;
  }

  /** @throws {ServerGone} when it ends before it listens */
  async start(options: StartOptions): Promise<void> {
    this.#send({ kind: "start", ...options });
    await this.#heard((word) => word.kind === "listening");
  }

  /** Resolves when the store is about to be opened. @throws {ServerGone} */
  async beginStart(options: StartOptions): Promise<void> {
    this.#send({ kind: "start", ...options });
    await this.#heard((word) => word.kind === "opening");
  }

  /** Lets writers in, at `port`. @throws {ServerGone} */
  async openDoor(port: number): Promise<void> {
    this.#send({ kind: "open-door", port });
    await this.#heard((word) => word.kind === "door-open");
  }

  arm(death: ArmedDeath): void {
    this.#send({ kind: "arm", death });
  }

  /** What the server answered; `undefined` when it ended before it did. */
  async ask(kind: "delete" | "recreate", documentName: string): Promise<Answer | undefined> {
    const id = ++this.#lastRequestId;
    this.#send({ kind, id, documentName });
    try {
      return (await this.#heard(
        (word) => (word.kind === "done" || word.kind === "refused") && word.id === id,
      )) as Answer;
    } catch (thrown) {
      if (thrown instanceof ServerGone) return undefined;
      throw thrown;
    }
  }

  kill(): Promise<End> {
    this.#child.kill("SIGKILL");
    return this.ended;
  }

  terminate(): void {
    this.#child.kill("SIGTERM");
  }

  #send(command: object): void {
    if (this.#child.connected) this.#child.send(command, () => undefined);
  }

  #hear(word: Word): void {
    if (word.kind === "begins") this.#countInFlight(word.operation, 1);
    if (word.kind === "ends") this.#countInFlight(word.operation, -1);
    if (word.kind === "ends") this.#durations.set(word.operation, word.tookMicros);
    if (word.kind === "listening") [this.#url, this.#canDelete] = [word.url, word.canDelete];
    if (word.kind === "closing") this.#isClosing = true;
    if (word.kind === "failed") this.#failure += `${word.code}: ${word.message}\n`;
    if (word.kind === "log") this.#hearLog(word);
    for (const listener of this.#listeners) listener(word);
  }

  #countInFlight(operation: string, by: 1 | -1): void {
    this.#inFlight.set(operation, (this.#inFlight.get(operation) ?? 0) + by);
  }

  #hearLog({ level, message, fields }: Extract<Word, { kind: "log" }>): void {
    if (level !== "debug") this.#complaints.push({ level, message, fields });
    else if (message === "compacted") this.#compactionCount += 1;
  }

  #heard(isIt: (word: Word) => boolean): Promise<Word> {
    return new Promise((resolve, reject) => {
      const listener = (word: Word) => {
        if (word.kind === "failed") reject(new Error(`${word.code}: ${word.message}`));
        else if (!isIt(word)) return;
        this.#listeners.delete(listener);
        resolve(word);
      };
      this.#listeners.add(listener);
      void this.ended.then(() => reject(new ServerGone(`the server ended first: ${this.lastWords}`)));
    });
  }

  async #watchEnd(): Promise<End> {
    // What was said before the end may still be in the pipe when the exit is known.
    const [[exitCode, signal]] = (await Promise.all([once(this.#child, "exit"), once(this.#child, "disconnect")])) as [
      [number | null, NodeJS.Signals | null],
      unknown,
    ];
    const inFlight = new Set([...this.#inFlight].filter(([, count]) => count > 0).map(([operation]) => operation));
    const wasListening = this.#url !== undefined;
    return { wasKilled: signal === "SIGKILL", exitCode, inFlight, wasClosing: this.#isClosing, wasListening };
  }
}

/** Keeps one process loaded ahead: loading takes ten times as long as starting. */
export class Nursery {
  readonly #all = new Set<ServerProcess>();
  #next = this.#spawn();

  take(): ServerProcess {
    const taken = this.#next;
    this.#next = this.#spawn();
    return taken;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#all].map((server) => server.kill()));
  }

  #spawn(): ServerProcess {
    const server = new ServerProcess();
    this.#all.add(server);
    void server.ended.then(() => this.#all.delete(server));
    return server;
  }
}
