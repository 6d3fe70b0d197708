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
  readonly allowOrigin: readonly string[];
  readonly trustProxy: readonly string[];
  readonly tlsCert?: string;
  readonly tlsKey?: string;
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
      repeatable("--allow-origin <origin>", "pages of other hosts that may connect: https://a.example; * for all"),
    )
    .addOption(
      repeatable("--trust-proxy <address>", "a proxy whose X-Forwarded-* is believed: an address, a network, loopback"),
    )
    .option("--tls-cert <file>", "speak TLS (wss) with this certificate, a PEM file that is read again when it changes")
    .option("--tls-key <file>", "the certificate's private key")
    .addOption(
      new Option("--log <level>", "what to write to standard error")
        .choices(["debug", "info", "warn", "error", "silent"])
        .default("warn"),
    );
}

/** What the options above are made of again, whatever the environment says. */
export function argumentsFor(flags: ServeFlags): string[] {
  const { port, host, data, relay, fsync, insecure, control, log } = flags;
  // With "=", for a directory may begin with a dash.
  const valued = [`--port=${port}`, `--host=${host}`, `--data=${data}`, `--relay=${relay}`, `--log=${log}`];
  const switches = [fsync ? [] : "--no-fsync", insecure ? "--insecure" : [], control ? [] : "--no-control"];
  return [...valued, ...switches.flat(), ...doorArguments(flags)];
}

/** Who may connect, and how. */
function doorArguments({ allowOrigin, trustProxy, tlsCert, tlsKey }: ServeFlags): string[] {
  const origins = allowOrigin.map((origin) => `--allow-origin=${origin}`);
  const proxies = trustProxy.map((address) => `--trust-proxy=${address}`);
  const tls = [tlsCert === undefined ? [] : `--tls-cert=${tlsCert}`, tlsKey === undefined ? [] : `--tls-key=${tlsKey}`];
  return [...origins, ...proxies, ...tls.flat()];
}

function repeatable(flags: string, description: string): Option {
  return new Option(flags, `${description} (repeatable)`)
    .argParser((value: string, before: readonly string[]) => [...before, value])
    .default([]);
}

function portNumber(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !Number.isInteger(value) || value < 0 || value > 65_535) {
    throw new InvalidArgumentError("A port is a whole number from 0 to 65535.");
  }
  return value;
}
