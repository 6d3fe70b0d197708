/**
 * `control.json` in the data directory: where the command line of the same user reaches the server that has the directory
 * open. LevelDB lets one process in at a time, so the server has to do it for the others.
 */
import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, SynclineError } from "../error.js";

export interface ControlAddress {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  /** To be sent as `Authorization: Bearer <token>`. */
  readonly token: string;
  readonly pid: number;
}

const fileName = "control.json";

/** Only its owner may read it; it is there wholly or not at all. */
export async function writeControlFile(directory: string, address: ControlAddress): Promise<void> {
  const unfinished = join(directory, `${fileName}.unfinished`);
  // One that a crash left might be readable by others.
  await rm(unfinished, { force: true });
  await writeFile(unfinished, `${JSON.stringify(address)}\n`, { mode: 0o600, flag: "wx" });
  await rename(unfinished, join(directory, fileName));
}

/** `undefined` when there is none, or none that makes sense. @throws {SynclineError} `data-unusable` */
export async function readControlFile(directory: string): Promise<ControlAddress | undefined> {
  const file = join(directory, fileName);
  try {
    return addressIn(JSON.parse(await readFile(file, "utf8")));
  } catch (cause) {
    if (cause instanceof SyntaxError || isAbsent(cause)) return undefined;
    const message = `cannot read ${file}: ${messageOf(cause)}; run this as the user who runs the server`;
    throw new SynclineError("data-unusable", message, { cause });
  }
}

export async function removeControlFile(directory: string): Promise<void> {
  await rm(join(directory, fileName), { force: true });
}

/** The token goes nowhere but to this machine, whatever the file says. */
const ownMachine = /^http:\/\/127\.0\.0\.1:\d+$/;

function addressIn(parsed: unknown): ControlAddress | undefined {
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const { url, token, pid } = parsed as Partial<Record<keyof ControlAddress, unknown>>;
  if (typeof url !== "string" || typeof token !== "string" || typeof pid !== "number") return undefined;
  return ownMachine.test(url) ? { url, token, pid } : undefined;
}

function isAbsent(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
}
