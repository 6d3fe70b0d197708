/**
 * A document of which something is damaged, made anew from what can still be read. What cannot be used is moved aside with
 * its reason, never thrown away, and the document counts as degraded from then on.
 */
import { messageOf } from "../error.js";
import type { QuarantineEntry, Storage, StoredPiece } from "../storage/storage.js";
import { Contents } from "../update/contents.js";
import type { Salvaged } from "../worker/jobs.js";
import type { WorkerPool } from "../worker/worker-pool.js";
import { isDamage } from "./damage.js";
import type { RoomServices } from "./services.js";

export interface DiagnosisServices {
  readonly storage: Storage;
  readonly workers: Pick<WorkerPool, "salvage">;
}

type RepairServices = DiagnosisServices & Pick<RoomServices, "newGeneration" | "wallClock">;

/** Something that cannot be used, and why. */
export type Problem = Omit<QuarantineEntry, "quarantinedAt">;

/** What is left of a document: as a snapshot of everything that can be used, and a list of what cannot. */
export interface Diagnosis {
  readonly salvaged: Salvaged;
  readonly problems: readonly Problem[];
  /** The last record that is known to have been written. */
  readonly lastSeq: number;
}

/** Everything that could be read of a document, in log order, and what could not. */
interface Remains {
  readonly pieces: Uint8Array[];
  /** What each piece was, for people. */
  readonly origins: string[];
  readonly problems: Problem[];
  lastSeq: number;
}

/**
 * Resolves with what was set aside. Nobody may have the document open.
 *
 * @throws what the store or the worker throws; everything is then as it was.
 */
export async function repairDocument(documentName: string, services: RepairServices): Promise<readonly Problem[]> {
  const { storage, newGeneration, wallClock } = services;
  // Deleted meanwhile: there is nothing to repair, and nothing must be written.
  if (await storage.readTombstone(documentName)) return [];
  const { salvaged, problems, lastSeq } = await diagnose(documentName, services);
  const { segments, contents } = salvaged.compacted;
  // At least 1, so that it is not taken for a document that was never written.
  const snapshot = { coveredSeq: Math.max(lastSeq, 1), segments, contents };
  const quarantinedAt = wallClock();
  const quarantine = problems.map((problem) => ({ ...problem, quarantinedAt }));
  await storage.repairDocument(documentName, { snapshot, generation: newGeneration(), quarantine });
  return problems;
}

/** Reads and loads everything there is of a document, and changes nothing. */
export async function diagnose(documentName: string, { storage, workers }: DiagnosisServices): Promise<Diagnosis> {
  const remains = await readRemains(documentName, storage);
  const salvaged = await workers.salvage(remains.pieces);
  return { salvaged, problems: [...remains.problems, ...refusedOf(salvaged, remains)], lastSeq: remains.lastSeq };
}

async function readRemains(documentName: string, storage: Storage): Promise<Remains> {
  const remains: Remains = { pieces: [], origins: [], problems: [], lastSeq: 0 };
  const pointer = await orProblem(remains, "the pointer", storage.readPointer(documentName));
  if (!pointer && remains.problems.length === 0) remains.problems.push(missing("the pointer"));
  remains.lastSeq = pointer?.coveredSeq ?? 0;
  if (pointer && pointer.epoch > 0) {
    const contents = await orProblem(remains, "the contents", storage.readContents(documentName, pointer));
    if (contents) await orProblem(remains, "the contents", decodeContents(contents));
  }
  const found = new Set<number>();
  for await (const piece of storage.readEverything(documentName)) {
    if (piece.kind === "segment") found.add(piece.id);
    takeIn(remains, piece);
  }
  for (const { id } of pointer?.segments ?? []) {
    if (!found.has(id)) remains.problems.push(missing(`segment ${id}`));
  }
  return remains;
}

async function orProblem<Value>(remains: Remains, origin: string, reading: Promise<Value>): Promise<Value | undefined> {
  try {
    return await reading;
  } catch (thrown) {
    if (!isDamage(thrown)) throw thrown;
    remains.problems.push({ origin, reason: messageOf(thrown), bytes: new Uint8Array() });
    return undefined;
  }
}

async function decodeContents(bytes: Uint8Array): Promise<Contents> {
  return Contents.decode(bytes);
}

function takeIn(remains: Remains, piece: StoredPiece): void {
  const origin = `${piece.kind} ${piece.id}`;
  if ("damage" in piece) {
    // Not even its key can be trusted.
    remains.problems.push({ origin, reason: piece.damage, bytes: piece.bytes });
    return;
  }
  if (piece.kind === "record") noteSeq(remains, piece.id);
  for (const [index, update] of piece.updates.entries()) {
    remains.pieces.push(update);
    remains.origins.push(piece.updates.length === 1 ? origin : `update ${index + 1} of ${origin}`);
  }
}

function noteSeq(remains: Remains, seq: number): void {
  const [from, to] = [remains.lastSeq + 1, seq - 1];
  if (from <= to) remains.problems.push(missing(from === to ? `record ${from}` : `records ${from} to ${to}`));
  remains.lastSeq = Math.max(remains.lastSeq, seq);
}

function missing(origin: string): Problem {
  return { origin, reason: "it is missing", bytes: new Uint8Array() };
}

function refusedOf(salvaged: Salvaged, { pieces, origins }: Remains): Problem[] {
  const refused = salvaged.refused.map(({ pieceIndex, reason }) => ({
    origin: origins[pieceIndex] ?? "",
    reason,
    bytes: pieces[pieceIndex] ?? new Uint8Array(),
  }));
  if (!salvaged.leftover) return refused;
  const reason = "it leans on something that is missing";
  return [...refused, { origin: "parts of several updates", reason, bytes: salvaged.leftover }];
}
