/**
 * `revocations.jsonl` in the data directory: what was revoked, a JSON object a line, so that it still is after a restart. One
 * process at a time has it, as it is with the store beside it.
 */
import { open, readFile } from "node:fs/promises";
import { join } from "node:path";
import { Revocations, type Revocation, type RevocationLog } from "../connection/revocations.js";
import { messageOf, SynclineError } from "../error.js";
import type { Logger } from "../logger.js";
import { moveDurably } from "../storage/level-directory.js";

const fileName = "revocations.jsonl";

export class RevocationFile implements RevocationLog {
  /** What the file held when it was opened. */
  readonly revocations: Revocations;
  readonly #path: string;
  /** Lines are written one after the other. */
  #writing: Promise<void> = Promise.resolve();
  /** A line may have been left half written. */
  #isTorn = false;

  private constructor(path: string, revocations: Revocations) {
    this.#path = path;
    this.revocations = revocations;
  }

  /**
   * Reads the file, where there is one, and keeps the latest of each kind in it. A last line that breaks off was never said to
   * be there, and goes; any other that cannot be read is reported, and stays for somebody to look at.
   *
   * @throws {SynclineError} `data-unusable`
   */
  static async open(directory: string, logger: Logger): Promise<RevocationFile> {
    const path = join(directory, fileName);
    try {
      const text = await textOf(path);
      const { revocations, damaged } = read(text, (line) =>
        logger.error({ path, line }, "a revocation cannot be read: whoever it was for may come in again"),
      );
      const compacted = [...[...revocations].map((each) => JSON.stringify(each)), ...damaged].map(
        (line) => `${line}\n`,
      );
      if (compacted.join("") !== text) await replace(path, compacted.join(""));
      return new RevocationFile(path, revocations);
    } catch (cause) {
      const message = `cannot use ${path}: ${messageOf(cause)}; without it, what was revoked would hold again`;
      throw new SynclineError("data-unusable", message, { cause });
    }
  }

  /** @throws {SynclineError} `data-unusable` when it may be gone after a restart */
  append(revocation: Revocation): Promise<void> {
    const writing = this.#writing.then(() => this.#write(`${JSON.stringify(revocation)}\n`));
    this.#writing = writing.catch(() => undefined);
    return writing;
  }

  async #write(line: string): Promise<void> {
    try {
      // A new line ends what was left of the one before.
      const text = this.#isTorn ? `\n${line}` : line;
      this.#isTorn = true;
      await writeDurably(this.#path, "a", text);
      this.#isTorn = false;
    } catch (cause) {
      const message = `revoked until the server is restarted, not for longer: cannot write ${this.#path}: ${messageOf(cause)}`;
      throw new SynclineError("data-unusable", message, { cause });
    }
  }
}

/** Copies what was revoked from one data directory to another, where there is something. */
export async function copyRevocations(from: string, to: string): Promise<void> {
  const text = await textOf(join(from, fileName));
  if (text !== "") await replace(join(to, fileName), text);
}

interface Read {
  readonly revocations: Revocations;
  readonly damaged: readonly string[];
}

/** @param onDamage called with the number of each line that cannot be read, from 1 */
function read(text: string, onDamage: (line: number) => void): Read {
  const revocations = new Revocations();
  const damaged: string[] = [];
  const lines = text.split("\n");
  for (const [index, line] of lines.entries()) {
    if (line === "") continue;
    const revocation = revocationIn(line);
    if (revocation) revocations.add(revocation);
    else if (index < lines.length - 1) {
      damaged.push(line);
      onDamage(index + 1);
    }
  }
  return { revocations, damaged };
}

function revocationIn(line: string): Revocation | undefined {
  const value = jsonIn(line);
  if (typeof value !== "object" || value === null) return undefined;
  const { subject, tokenId, documentName, revokedAt } = value as Readonly<Record<string, unknown>>;
  if (typeof revokedAt !== "number" || !isName(subject) || !isName(tokenId) || !isName(documentName)) return undefined;
  // It would be all access there is.
  if (subject === undefined && tokenId === undefined && documentName === undefined) return undefined;
  return { subject, tokenId, documentName, revokedAt };
}

function isName(value: unknown): value is string | undefined {
  return value === undefined || typeof value === "string";
}

function jsonIn(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    // A damaged line, which is what the answer says.
    return undefined;
  }
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, "utf8");
  } catch (thrown) {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return "";
    throw thrown;
  }
}

/** It is there wholly, or as it was. */
async function replace(path: string, text: string): Promise<void> {
  const unfinished = `${path}.unfinished`;
  await writeDurably(unfinished, "w", text);
  await moveDurably(unfinished, path);
}

async function writeDurably(path: string, flags: "a" | "w", text: string): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
}
