/** The flags of a server: as options of a command, and as arguments for a process that is to be started with the same. */
import { type Command, InvalidArgumentError, Option } from "commander";
import { dataOption, type DataFlags, environmentOption } from "./flags.js";

export interface ServeFlags extends DataFlags {
  readonly port: number;
  readonly host: string;
  readonly relay: "durable" | "immediate";
  readonly fsync: boolean;
  readonly insecure: boolean;
  readonly control: boolean;
  readonly log: string;
}

export function addServeFlags(command: Command): Command {
  return command
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
    .option("--insecure", "allow an address that others can reach, although nobody is asked who they are", false)
    .option("--no-control", "let no other command reach the documents while the server runs")
    .addOption(
      new Option("--log <level>", "what to write to standard error")
        .choices(["debug", "info", "warn", "error", "silent"])
        .default("warn"),
    );
}

/** What the options above are made of again, whatever the environment says. */
export function argumentsFor({ port, host, data, relay, fsync, insecure, control, log }: ServeFlags): string[] {
  // With "=", for a directory may begin with a dash.
  const valued = [`--port=${port}`, `--host=${host}`, `--data=${data}`, `--relay=${relay}`, `--log=${log}`];
  const switches = [fsync ? [] : "--no-fsync", insecure ? "--insecure" : [], control ? [] : "--no-control"];
  return [...valued, ...switches.flat()];
}

function portNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
  }
  return value;
}
