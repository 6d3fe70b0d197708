/** The configuration file: where it is, what stands in it, and what is wrong with it. */
import { readFile, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { Option } from "commander";
import { parse, TomlError } from "smol-toml";
import { messageOf, SynclineError } from "../error.js";
import { configSchema, mistakesIn, type ConfigValues } from "./config-schema.js";

export interface Config extends ConfigValues {
  /** Where it is. */
  readonly file: string;
}

export const configFileName = "syncline.toml";

/** A file that cannot be used, with a line for each mistake in it. */
export class ConfigMistakes extends SynclineError {
  readonly mistakes: readonly string[];

  constructor(file: string, mistakes: readonly string[]) {
    const lines = mistakes.map((mistake) => `${file}: ${mistake}`);
    super("invalid-option", lines.join("; "));
    this.mistakes = lines;
  }
}

export function configOption(): Option {
  const description = `what serves as configuration, in place of ./${configFileName}`;
  return new Option("--config <file>", description).env("SYNCLINE_CONFIG");
}

/**
 * The file that was named, or the one of this directory; `undefined` when there is none there.
 *
 * @throws {ConfigMistakes}; {SynclineError} `invalid-option` when it cannot be read
 */
export async function findConfig(named: string | undefined): Promise<Config | undefined> {
  const file = resolve(named ?? configFileName);
  const source = await sourceOf(file, named === undefined);
  if (source === undefined) return undefined;
  const parsed = configSchema.safeParse(tableIn(source, file));
  if (!parsed.success) throw new ConfigMistakes(file, mistakesIn(parsed.error));
  return { ...parsed.data, file };
}

/** Paths in a file are from where it is. */
export function pathFrom({ file }: Config, path: string): string {
  return resolve(dirname(file), path);
}

/** Whether there is a key in the file that other users of this machine can read, and so make tokens with. */
export async function laysKeyOpen({ file, auth }: Config): Promise<boolean> {
  // Windows has no such bits, and says that everybody reads everything.
  if (auth?.secret === undefined || process.platform === "win32") return false;
  const { mode } = await stat(file);
  return (mode & 0o004) !== 0;
}

async function sourceOf(file: string, mayBeAbsent: boolean): Promise<string | undefined> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    if (mayBeAbsent && cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw new SynclineError("invalid-option", `cannot read the configuration: ${messageOf(cause)}`, { cause });
  }
}

function tableIn(source: string, file: string): unknown {
  try {
    return parse(source);
  } catch (thrown) {
    if (!(thrown instanceof TomlError)) throw thrown;
    // The rest of its message shows the line itself, which may be the one with the secret.
    const [what = ""] = thrown.message.split("\n", 1);
    throw new ConfigMistakes(file, [`line ${thrown.line}: ${what.replace("Invalid TOML document: ", "")}`]);
  }
}
