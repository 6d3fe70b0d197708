/** The directory of a LevelDB: whether it may be used, and whether there is space to open what is in it. */
import { randomBytes } from "node:crypto";
import { access, constants, mkdir, open, readdir, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
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

/** LevelDB's own files. */
const levelFile = /^(CURRENT|LOCK|LOG(\.old)?|MANIFEST-\d+|\d+\.(log|ldb|sst|dbtmp))$/;

/**
 * Sees to it that nothing is at `directory`, so that something can be moved there: an empty directory is removed.
 *
 * @throws {SynclineError} `data-unusable`
 */
export async function vacate(directory: string): Promise<void> {
  try {
    await rmdir(directory);
  } catch (cause) {
    if (codeOf(cause) === "ENOENT") return;
    const problem = codeOf(cause) === "ENOTEMPTY" ? "it is not empty" : messageOf(cause);
    const message = `cannot put a backup at ${directory}: ${problem}; choose a path where nothing is`;
    throw new SynclineError("data-unusable", message, { cause });
  }
}

/** Removes what an interrupted backup has left at `directory`. @throws {SynclineError} `data-unusable` for anything else */
export async function removeUnfinished(directory: string): Promise<void> {
  const files = await readdir(directory).catch((thrown: unknown) => {
    if (codeOf(thrown) === "ENOENT") return [];
    throw new SynclineError("data-unusable", `cannot use ${directory}: ${messageOf(thrown)}`, { cause: thrown });
  });
  const others = files.filter((name) => !levelFile.test(name));
  if (others.length > 0) {
    throw new SynclineError("data-unusable", `${directory} holds other files (${others.slice(0, 3).join(", ")})`);
  }
  await rm(directory, { recursive: true, force: true });
}

/** Moves `from` to `to`, so that it is there after a power cut, too. */
export async function moveDurably(from: string, to: string): Promise<void> {
  await rename(from, to);
  // Where a directory can be opened: not on Windows.
  const parent = await open(dirname(to)).catch(() => undefined);
  await parent?.sync().catch(() => undefined);
  await parent?.close();
}

function codeOf(thrown: unknown): unknown {
  return thrown instanceof Error && "code" in thrown ? thrown.code : undefined;
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
    // Random: what a file system could compress would prove nothing.
    await writeFile(probe, randomBytes(byteCount), { flush: true });
  } finally {
    await rm(probe, { force: true });
  }
}

async function logBytesIn(directory: string, files: readonly string[]): Promise<number> {
  let byteCount = 0;
  for (const name of files) if (logFile.test(name)) byteCount += (await stat(join(directory, name))).size;
  return byteCount;
}
