/** Flags that several commands have. */
import { Option } from "commander";

export interface DataFlags {
  readonly data: string;
}

export function dataOption(): Option {
  return environmentOption("--data <directory>", "where documents are kept", "DATA").default("./data");
}

/** An option that can also be given as SYNCLINE_<NAME>, or where hosting platforms set it so, as plain <NAME>. */
export function environmentOption(flags: string, description: string, name: "PORT" | "HOST" | "DATA"): Option {
  const own = `SYNCLINE_${name}`;
  const isPlainSet = name !== "DATA" && process.env[own] === undefined && process.env[name] !== undefined;
  return new Option(flags, description).env(isPlainSet ? name : own);
}
