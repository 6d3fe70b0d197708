/** The flags of a server, with what a configuration says where no flag and no variable of the environment does. */
import type { Command } from "commander";
import { pathFrom, type Config } from "./config.js";
import type { ServeFlags } from "./serve-flags.js";

/** @param command whose flags these are: it knows which were given */
export function configured<Flags extends ServeFlags>(
  flags: Flags,
  config: Config | undefined,
  command: Command,
): Flags {
  if (!config) return flags;
  const isGiven = (name: string) => !["default", undefined].includes(command.getOptionValueSource(name));
  const said = Object.entries(flagsIn(config)).filter(([name, value]) => value !== undefined && !isGiven(name));
  // A certificate and its key are of one place.
  const isTlsGiven = isGiven("tlsCert") || isGiven("tlsKey");
  return { ...flags, ...Object.fromEntries(said.filter(([name]) => !(isTlsGiven && name.startsWith("tls")))) };
}

function flagsIn(config: Config): { readonly [Name in keyof ServeFlags]?: ServeFlags[Name] | undefined } {
  const { port, host, data, relay, log, origins, trusted_proxies: trustProxy, tls } = config;
  return {
    port,
    host,
    data: data === undefined ? undefined : pathFrom(config, data),
    relay,
    log,
    allowOrigin: origins,
    trustProxy,
    tlsCert: tls && pathFrom(config, tls.cert),
    tlsKey: tls && pathFrom(config, tls.key),
  };
}
