/** The attacked server's process, from outside: whether it lives, what it logs, how much memory it has. */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ServerOptions } from "@syncline/server";

const serverFile = fileURLToPath(new URL("arena-server.mjs", import.meta.url));

/** Those of a server that can be sent to another process. */
export type ProcessOptions = Required<Pick<ServerOptions, "data" | "limits" | "trustedProxies">>;

type Report =
  | { readonly kind: "listening"; readonly port: number }
  | { readonly kind: "heap"; readonly bytes: number }
  | { readonly kind: "error"; readonly text: string };

export class ArenaProcess {
  readonly port: number;
  /** What it logged as errors: there should be none, for nothing that an attacker does is one of the server's. */
  readonly errors: string[];
  readonly #child: ChildProcess;

  private constructor(child: ChildProcess, port: number, errors: string[]) {
    this.#child = child;
    this.port = port;
    this.errors = errors;
  }

  static async start(options: ProcessOptions): Promise<ArenaProcess> {
    const child = fork(serverFile, { execArgv: ["--expose-gc"], stdio: ["ignore", "inherit", "inherit", "ipc"] });
    const errors: string[] = [];
    child.on("message", (report: Report) => void (report.kind === "error" && errors.push(report.text)));
    const listening = hears(child, "listening");
    child.send({ kind: "start", options });
    const { port } = await listening;
    return new ArenaProcess(child, port, errors);
  }

  /** The same process all the time: nothing starts it again. */
  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** In use after a garbage collection, buffers included. */
  async heapBytes(): Promise<number> {
    const heap = hears(this.#child, "heap");
    this.#child.send({ kind: "heap" });
    return (await heap).bytes;
  }

  /** Resolves with its exit code. */
  async stop(): Promise<number | null> {
    if (!this.isAlive) return this.#child.exitCode;
    const exited = once(this.#child, "exit");
    this.#child.send({ kind: "stop" });
    const [code] = (await exited) as [number | null];
    return code;
  }

  kill(): void {
    if (this.isAlive) this.#child.kill("SIGKILL");
  }
}

function hears<Kind extends Report["kind"]>(child: ChildProcess, kind: Kind): Promise<Extract<Report, { kind: Kind }>> {
  return new Promise((resolve, reject) => {
    const died = () => reject(new Error("the attacked server's process has ended"));
    const look = (report: Report) => {
      if (report.kind !== kind) return;
      child.off("message", look).off("exit", died);
      resolve(report as Extract<Report, { kind: Kind }>);
    };
    child.on("message", look).once("exit", died);
  });
}
