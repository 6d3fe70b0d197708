/** The command line: the only place that reads arguments and environment, and that writes to the terminal. */
import { Command, InvalidArgumentError, Option } from "commander";
import { SynclineError } from "../error.js";
import { version } from "../version.js";
import { serve, type ServeFlags } from "./serve.js";

const program = new Command("syncline")
  .description("A sync server for Yjs documents that keeps every acknowledged edit on disk.")
  .version(version)
  .showHelpAfterError("(syncline --help lists what there is)");

program
  .command("serve", { isDefault: true })
  .description("serve documents over WebSocket, until SIGTERM or SIGINT")
  .addOption(option("--port <number>", "where to listen; 0 takes a free port", "PORT").default(1234).argParser(port))
  .addOption(option("--host <address>", "the address to listen on", "HOST").default("127.0.0.1"))
  .addOption(option("--data <directory>", "where documents are kept", "DATA").default("./data"))
  .addOption(
    new Option("--relay <mode>", "when others see an edit: once it is on disk, or at once")
      .choices(["durable", "immediate"])
      .default("durable"),
  )
  .option("--no-fsync", "do not wait for the disk itself: a power cut may take the last edits")
  .option("--demo", "serve the demo page at /", false)
  .option("--insecure", "allow an address that others can reach, although nobody is asked who they are", false)
  .addOption(
    new Option("--log <level>", "what to write to standard error")
      .choices(["debug", "info", "warn", "error", "silent"])
      .default("warn"),
  )
  .action(async (flags: ServeFlags) => serve(flags));

/** An option that can also be given as SYNCLINE_<NAME>, or where hosting platforms set it so, as plain <NAME>. */
function option(flags: string, description: string, name: "PORT" | "HOST" | "DATA"): Option {
  const own = `SYNCLINE_${name}`;
  const isPlainSet = name !== "DATA" && process.env[own] === undefined && process.env[name] !== undefined;
  return new Option(flags, description).env(isPlainSet ? name : own);
}

function port(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
  }
  return value;
}

try {
  await program.parseAsync();
} catch (thrown) {
  if (!(thrown instanceof SynclineError)) throw thrown;
  console.error(`syncline: ${thrown.message}`);
  process.exitCode = 1;
}
