/** The directory of a LevelDB: whether it may be used, and whether there is space to open what is in it. */
import { access, constants, mkdir, readdir, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { messageOf, SynclineError } from "../error.js";

/** LevelDB's own file that says which of the others count. */
const entrance = "CURRENT";
const tableFile = /^\d+\.(ldb|sst)$/;
const logFile = /^\d+\.log$/;

/** What a fresh volume holds, and what LevelDB leaves when it is stopped during its first start. */
const namesOfNoMeaning = /^(lost\+found|LOCK|LOG(\.old)?|MANIFEST-\d+|\d+\.(log|dbtmp))$/;

/**
 * Makes the directory if need be.
 *
 * @throws {SynclineError} `data-unusable`; `data-format` when it holds something else; `store-corrupt` when LevelDB would take
 * what it holds for nothing, and remove it
 */
export async function assertUsable(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
    await access(directory, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const message = `cannot use ${directory} for data: ${messageOf(cause)}; choose a directory this user can write`;
    throw new SynclineError("data-unusable", message, { cause });
  }
  const files = await readdir(directory);
  if (files.includes(entrance)) return;
  const isData = files.some((name) => tableFile.test(name)) || (await logBytesIn(directory, files)) > 0;
  if (isData) throw new SynclineError("store-corrupt", `${directory} holds data, but its file ${entrance} is missing`);
  const others = files.filter((name) => !namesOfNoMeaning.test(name));
  if (others.length === 0) return;
  const message = `${directory} holds other files (${others.slice(0, 3).join(", ")}); choose an empty or new directory`;
  throw new SynclineError("data-format", message);
}

/** @throws {SynclineError} `data-unusable` */
export async function assertVacant(directory: string): Promise<void> {
  const files = await readdir(directory).catch(() => []);
  if (files.length === 0) return;
  throw new SynclineError("data-unusable", `${directory} is not empty; choose a new directory for the backup`);
}

/** What opening writes besides: a manifest, a new log. */
const bytesToOpen = 256 * 1024;

/**
 * Opening turns the log into a table. On a full disk that fails, and then there is nothing left to read from either: better
 * to stay open. So a file as large as that is written first, and removed.
 */
export async function assertSpaceToOpen(directory: string): Promise<void> {
  const byteCount = bytesToOpen + (await logBytesIn(directory, await readdir(directory)));
  const probe = join(directory, "space.probe");
  try {
    await writeFile(probe, new Uint8Array(byteCount), { flush: true });
  } finally {
    await rm(probe, { force: true });
  }
}

async function logBytesIn(directory: string, files: readonly string[]): Promise<number> {
  let byteCount = 0;
  for (const name of files) if (logFile.test(name)) byteCount += (await stat(join(directory, name))).size;
  return byteCount;
}
