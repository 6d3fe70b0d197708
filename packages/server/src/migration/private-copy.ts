/**
 * A copy of another program's files, to be opened in place of them: opening a database writes to it (recovery, locks,
 * logs), and what is migrated must stay as it was.
 */
import { constants, copyFile, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { messageOf, SynclineError } from "../error.js";

export interface PrivateCopy {
  readonly directory: string;
  remove(): Promise<void>;
}

/** Size and time of change of each file, by name. */
type Stamps = ReadonlyMap<string, string>;

/**
 * Copies the files of `directory` that `isWanted` into a new directory that only this user can enter, below TMPDIR.
 *
 * @throws {SynclineError} `data-locked` when a file changed meanwhile; `invalid-option` when one cannot be read or copied.
 */
export async function copyPrivately(directory: string, isWanted: (fileName: string) => boolean): Promise<PrivateCopy> {
  const copy = await privateDirectory();
  try {
    const before = await stampsOf(directory, isWanted);
    for (const name of before.keys()) {
      // Where the file system can, the copy shares its blocks with the original and costs nothing.
      await copyFile(join(directory, name), join(copy.directory, name), constants.COPYFILE_FICLONE);
    }
    const changed = nameOfChange(before, await stampsOf(directory, isWanted));
    if (changed !== undefined) throw changedMeanwhile(join(directory, changed));
    return copy;
  } catch (thrown) {
    await copy.remove();
    throw translated(directory, thrown);
  }
}

function translated(directory: string, thrown: unknown): SynclineError {
  if (thrown instanceof SynclineError) return thrown;
  // A file that was there when the directory was listed.
  if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return changedMeanwhile(directory);
  const message = `cannot copy ${directory} to ${tmpdir()}: ${messageOf(thrown)}; TMPDIR may name a place with more room`;
  return new SynclineError("invalid-option", message, { cause: thrown });
}

function changedMeanwhile(path: string): SynclineError {
  const message = `${path} changed while it was being copied; stop the server that writes it first`;
  return new SynclineError("data-locked", message);
}

export async function privateDirectory(): Promise<PrivateCopy> {
  const directory = await mkdtemp(join(tmpdir(), "syncline-migrate-"));
  return { directory, remove: () => rm(directory, { recursive: true, force: true, maxRetries: 5 }) };
}

async function stampsOf(directory: string, isWanted: (fileName: string) => boolean): Promise<Stamps> {
  const stamps = new Map<string, string>();
  for (const name of await readdir(directory)) {
    if (!isWanted(name)) continue;
    const { size, mtimeNs } = await stat(join(directory, name), { bigint: true });
    stamps.set(name, `${size} ${mtimeNs}`);
  }
  return stamps;
}

function nameOfChange(before: Stamps, after: Stamps): string | undefined {
  const names = new Set([...before.keys(), ...after.keys()]);
  return [...names].find((name) => before.get(name) !== after.get(name));
}
