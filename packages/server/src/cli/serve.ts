/** `syncline serve`: starts a server, says where it is, and takes it down when it is told to. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { pino } from "pino";
import { SynclineError } from "../error.js";
import { startServer, type SynclineServer } from "../server.js";

export interface ServeFlags {
  readonly port: number;
  readonly host: string;
  readonly data: string;
  readonly relay: "durable" | "immediate";
  readonly fsync: boolean;
  readonly demo: boolean;
  readonly insecure: boolean;
  readonly log: string;
}

const demoDirectory = fileURLToPath(new URL("../../demo-page", import.meta.url));

/** A shutdown that takes longer is given up: what was not acknowledged by then is still with the clients. */
const shutdownLimitMs = 10_000;

/** Resolves when the server listens; the process then runs until it is told to stop. */
export async function serve(flags: ServeFlags): Promise<void> {
  const { port, host, data, relay, fsync, insecure } = flags;
  const logger = pino({ level: flags.log }, pino.destination({ dest: 2, sync: true }));
  const pageDirectory = flags.demo ? demoPage() : undefined;
  const server = await startServer({ port, host, data, relay, fsync, insecure, pageDirectory, logger });
  announce(server, flags);
  stopOnSignals(server);
}

function demoPage(): string {
  if (existsSync(demoDirectory)) return demoDirectory;
  throw new SynclineError("invalid-option", "--demo: the demo page is not built; run npm run build first");
}

function announce(server: SynclineServer, { demo, data, insecure }: ServeFlags): void {
  const http = server.url.replace(/^ws/, "http");
  const lines = [`syncline is listening on ${server.url}, documents are in ${resolve(data)}`];
  lines.push(demo ? `open the demo: ${http}/` : `status: ${http}/`);
  if (insecure) lines.push("anyone who can reach this address can read and change every document (--insecure)");
  console.log(lines.join("\n"));
}

function stopOnSignals(server: SynclineServer): void {
  let isStopping = false;
  const stop = (signal: NodeJS.Signals) => {
    if (isStopping) {
      console.error(`syncline: ${signal} again, stopping at once`);
      process.exit(1);
    }
    isStopping = true;
    console.log(`${signal}: committing what is queued, closing connections`);
    setTimeout(() => {
      console.error(`syncline: not done after ${shutdownLimitMs / 1000} s, stopping at once`);
      process.exit(1);
    }, shutdownLimitMs).unref();
    void server.close().then(() => process.exit(0));
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
