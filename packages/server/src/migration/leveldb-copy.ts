/** Opens a private copy of another program's LevelDB directory. Knows nothing of what is stored there. */
import { readdir, realpath, symlink } from "node:fs/promises";
import { join } from "node:path";
import { ClassicLevel } from "classic-level";
import { messageOf, SynclineError } from "../error.js";
import { copyPrivately, privateDirectory, type PrivateCopy } from "./private-copy.js";

export type Database = ClassicLevel<Uint8Array, Uint8Array>;

export interface LevelCopy {
  readonly db: Database;
  close(): Promise<void>;
}

/** LOG is for people to read; LOCK is the other program's. */
const wantedFile = /^(CURRENT|MANIFEST-\d+|\d+\.(log|ldb|sst))$/;

/**
 * @throws {SynclineError} `invalid-option` when there is no LevelDB, `data-locked` while another process has it open,
 * `data-corrupt` when it cannot be opened.
 */
export async function openLevelCopy(directory: string): Promise<LevelCopy> {
  await assertLevelDirectory(directory);
  const lock = await holdLock(directory);
  try {
    return await openCopy(directory, await copyPrivately(directory, (name) => wantedFile.test(name)));
  } finally {
    await lock?.close();
  }
}

async function assertLevelDirectory(directory: string): Promise<void> {
  let fileNames: string[];
  try {
    fileNames = await readdir(directory);
  } catch (cause) {
    throw new SynclineError("invalid-option", `cannot read ${directory}: ${messageOf(cause)}`, { cause });
  }
  if (fileNames.includes("CURRENT")) return;
  const message = `${directory} is not a LevelDB directory (it holds no file CURRENT)`;
  throw new SynclineError("invalid-option", message);
}

/**
 * LevelDB's lock belongs to the file, whatever its path: a database of our own whose LOCK is a link to the other's can be
 * opened only while nobody has the other open, and keeps it so until it is closed.
 *
 * Resolves with `undefined` where that cannot be found out: no LOCK, no right to write to it, no right to make links.
 */
async function holdLock(directory: string): Promise<LevelCopy | undefined> {
  const place = await privateDirectory();
  try {
    // A link that leads nowhere would have LevelDB make the file: `realpath` insists that it is there.
    await symlink(await realpath(join(directory, "LOCK")), join(place.directory, "LOCK"));
    const db: Database = new ClassicLevel(place.directory, { keyEncoding: "view", valueEncoding: "view" });
    await db.open();
    return levelCopy(db, place);
  } catch (thrown) {
    await place.remove();
    if (levelCodeOf(thrown) !== "LEVEL_LOCKED") return undefined;
    const message = `${directory} is in use by another process; stop the server that writes it first`;
    throw new SynclineError("data-locked", message, { cause: thrown });
  }
}

async function openCopy(directory: string, copy: PrivateCopy): Promise<LevelCopy> {
  const db: Database = new ClassicLevel(copy.directory, {
    keyEncoding: "view",
    valueEncoding: "view",
    createIfMissing: false,
  });
  try {
    await db.open();
    return levelCopy(db, copy);
  } catch (thrown) {
    await copy.remove();
    throw damaged(directory, thrown);
  }
}

function levelCopy(db: Database, place: PrivateCopy): LevelCopy {
  const close = async () => {
    await db.close();
    await place.remove();
  };
  return { db, close };
}

/** The error for what LevelDB said while `directory` was opened or read. */
export function damaged(directory: string, thrown: unknown): SynclineError {
  const cause = causeOf(thrown);
  const message = `cannot read the LevelDB in ${directory}: ${messageOf(cause)}; is it complete? Restore it, or repair a copy`;
  return new SynclineError("data-corrupt", message, { cause });
}

/** What LevelDB said is wrapped when it opens. */
function causeOf(thrown: unknown): unknown {
  return thrown instanceof Error && thrown.cause instanceof Error ? thrown.cause : thrown;
}

export function levelCodeOf(thrown: unknown): unknown {
  const cause = causeOf(thrown);
  return typeof cause === "object" && cause !== null && "code" in cause ? cause.code : undefined;
}
