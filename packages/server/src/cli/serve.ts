/** `syncline serve`: starts a server, says where it is, and takes it down when it is told to. */
import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { type Command, InvalidArgumentError, Option } from "commander";
import { pino } from "pino";
import { messageOf, SynclineError } from "../error.js";
import { startServer, type SynclineServer } from "../server.js";
import { dataOption, type DataFlags, environmentOption } from "./flags.js";

interface ServeFlags extends DataFlags {
  readonly port: number;
  readonly host: string;
  readonly relay: "durable" | "immediate";
  readonly fsync: boolean;
  readonly demo: boolean;
  readonly insecure: boolean;
  readonly control: boolean;
  readonly log: string;
}

const demoDirectory = fileURLToPath(new URL("../../demo-page", import.meta.url));

/** A shutdown that takes longer is given up: what was not acknowledged by then is still with the clients. */
const shutdownLimitMs = 10_000;

export function addServe(program: Command): void {
  program
    .command("serve", { isDefault: true })
    .description("serve documents over WebSocket, until SIGTERM or SIGINT")
    .addOption(
      environmentOption("--port <number>", "where to listen; 0 takes a free port", "PORT")
        .default(1234)
        .argParser(portNumber),
    )
    .addOption(environmentOption("--host <address>", "the address to listen on", "HOST").default("127.0.0.1"))
    .addOption(dataOption())
    .addOption(
      new Option("--relay <mode>", "when others see an edit: once it is on disk, or at once")
        .choices(["durable", "immediate"])
        .default("durable"),
    )
    .option("--no-fsync", "do not wait for the disk itself: a power cut may take the last edits")
    .option("--demo", "serve the demo page at /", false)
    .option("--insecure", "allow an address that others can reach, although nobody is asked who they are", false)
    .option("--no-control", "let no other command reach the documents while the server runs")
    .addOption(
      new Option("--log <level>", "what to write to standard error")
        .choices(["debug", "info", "warn", "error", "silent"])
        .default("warn"),
    )
    .action(serve);
}

function portNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
  }
  return value;
}

/** Resolves when the server listens; the process then runs until it is told to stop. */
async function serve(flags: ServeFlags): Promise<void> {
  const { port, host, data, relay, fsync, insecure, control } = flags;
  const logger = pino({ level: flags.log }, pino.destination({ dest: 2, sync: true }));
  const pageDirectory = flags.demo ? demoPage() : undefined;
  const server = await startServer({ port, host, data, relay, fsync, insecure, control, pageDirectory, logger });
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
    server.close().then(
      () => process.exit(0),
      (thrown: unknown) => {
        console.error(`syncline: could not stop cleanly: ${messageOf(thrown)}`);
        process.exit(1);
      },
    );
  };
  process.on("SIGTERM", stop);
  process.on("SIGINT", stop);
}
