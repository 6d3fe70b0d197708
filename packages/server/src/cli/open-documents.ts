/**
 * The documents in a data directory: opened here when nobody has them open, otherwise through the server that has. Whoever
 * uses them need not know which.
 */
import { readdir } from "node:fs/promises";
import { resolve } from "node:path";
import { readControlFile } from "../adapters/control-file.js";
import type { ControlledDocuments } from "../adapters/control-routes.js";
import { RevocationFile } from "../adapters/revocation-file.js";
import type { Revoked } from "../connection/revocations.js";
import { Engine } from "../engine.js";
import { messageOf, SynclineError } from "../error.js";
import type { Logger } from "../logger.js";
import { resolveOptions } from "../options.js";
import { LevelStorage } from "../storage/level.js";
import { WorkerPool } from "../worker/worker-pool.js";
import { ControlClient } from "./control-client.js";
import { printable } from "./printable.js";

export interface OpenOptions {
  /** Make the directory if there is none. @default false */
  readonly mayCreate?: boolean;
  /** Called when LevelDB's own files are damaged; they are then rebuilt. @default the error is thrown, nothing is changed */
  readonly onMend?: ((damage: string) => void) | undefined;
}

/** @throws {SynclineError} whatever opening throws, `data-unusable` when there is no data */
export async function withDocuments<Result>(
  data: string,
  work: (documents: ControlledDocuments) => Promise<Result>,
  { mayCreate = false, onMend }: OpenOptions = {},
): Promise<Result> {
  const directory = resolve(data);
  if (!mayCreate) await assertData(directory);
  const storage = await openUnlessServed(directory, onMend);
  if (!storage) return work(await connect(directory));
  const { limits, relay, timers } = resolveOptions({});
  const engine = new Engine({ storage, workers: new WorkerPool(), limits, relay, timers, logger: terminalLogger });
  try {
    return await work(engine.documents);
  } finally {
    await engine.close();
  }
}

/**
 * Revokes at the server that has the data, or for the next that will. Resolves with how many clients were sent away;
 * `undefined` when no server is running.
 *
 * @throws {SynclineError} whatever opening throws, `data-unusable` when there is no data, or it is not on disk
 */
export async function revokeIn(data: string, revoked: Revoked): Promise<number | undefined> {
  const directory = resolve(data);
  await assertData(directory);
  const storage = await openUnlessServed(directory, undefined);
  if (!storage) return (await connect(directory)).revoke(revoked);
  // Held open meanwhile, so that no server starts and reads the file before the line is there.
  try {
    const file = await RevocationFile.open(directory, terminalLogger);
    await file.append({ ...revoked, revokedAt: Date.now() });
    return undefined;
  } finally {
    await storage.close();
  }
}

async function openUnlessServed(directory: string, onMend: OpenOptions["onMend"]): Promise<LevelStorage | undefined> {
  try {
    return await LevelStorage.open(directory, onMend && { onMend });
  } catch (thrown) {
    if (!(thrown instanceof SynclineError)) throw thrown;
    if (thrown.code === "data-locked") return undefined;
    if (thrown.code !== "store-corrupt") throw thrown;
    const advice = "start on a backup, or copy the directory and run syncline verify --repair on the copy";
    throw new SynclineError(thrown.code, `${thrown.message}; ${advice}`, { cause: thrown });
  }
}

async function connect(directory: string): Promise<ControlClient> {
  const address = await readControlFile(directory);
  const client = address && new ControlClient(address);
  if (client && (await client.isThere())) return client;
  const message = `${directory} is in use by another process that has no control endpoint: wait for the command or stop the server that uses it`;
  throw new SynclineError("data-locked", message);
}

/** Opening would make one. */
async function assertData(directory: string): Promise<void> {
  try {
    if ((await readdir(directory)).length > 0) return;
  } catch (thrown) {
    if (!isAbsent(thrown)) {
      throw new SynclineError("data-unusable", `cannot read ${directory}: ${messageOf(thrown)}`, { cause: thrown });
    }
  }
  throw new SynclineError("data-unusable", `there is no data in ${directory}; --data says where it is`);
}

function isAbsent(thrown: unknown): boolean {
  return thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT";
}

/** What a server would write to its log goes to the person who ran the command. */
const terminalLogger: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: say,
  error: say,
};

function say(fields: object, message: string): void {
  console.error(printable(`syncline: ${message}: ${JSON.stringify(fields)}`));
}
