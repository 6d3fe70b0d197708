/**
 * A document of which something is damaged, made anew from what can still be read. What cannot be used is moved aside with
 * its reason, never thrown away, and the document counts as degraded from then on.
 */
import { messageOf } from "../error.js";
import type { Pointer, QuarantineEntry, Storage, StoredPiece } from "../storage/storage.js";
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

export interface RepairReport {
  /** What was set aside. */
  readonly problems: readonly Problem[];
  /** The store's own files were damaged and were mended: other documents may lack something, too. */
  readonly isMended: boolean;
}

/** What is left of a document: as a snapshot of everything that can be used, and a list of what cannot. */
export interface Diagnosis {
  /** `undefined` where there is none that can be read. */
  readonly pointer: Pointer | undefined;
  readonly salvaged: Salvaged;
  readonly problems: readonly Problem[];
  /** Of the records that are sound, or the snapshot covers, the last. */
  readonly lastSeq: number;
  /** Whether there is anything of it. */
  readonly isThere: boolean;
}

/** Everything that could be read of a document, in log order, and what could not. */
interface Remains {
  pointer: Pointer | undefined;
  readonly pieces: Uint8Array[];
  /** What each piece was, for people. */
  readonly origins: string[];
  readonly problems: Problem[];
  /** Records that are there and damaged, going by their keys. */
  readonly damagedSeqs: Set<number>;
  /** `undefined` until the first sound record: what came before it is not known to be missing. */
  lastSeq: number | undefined;
  isThere: boolean;
}

/**
 * More than a log has between two compactions: past every record that may have been written, be it lost. A client that had
 * everything up to one of those may have what was set aside, and must not be taken for one that has what is here.
 */
const skippedSeqs = 1_000_000;

/**
 * Resolves with what was set aside. Nobody may have the document open.
 *
 * @throws what the store or the worker throws; everything is then as it was.
 */
export async function repairDocument(documentName: string, services: RepairServices): Promise<RepairReport> {
  const { storage, newGeneration, wallClock } = services;
  let isMended = (await storage.mend?.()) ?? false;
  let diagnosis = await diagnose(documentName, services);
  // Reading all of it may have come upon a damaged file for the first time.
  if (await storage.mend?.()) {
    isMended = true;
    diagnosis = await diagnose(documentName, services);
  }
  const { pointer: expected, salvaged, problems, lastSeq, isThere } = diagnosis;
  // Deleted, or never written: nothing must be written now.
  if (!isThere) return { problems: [], isMended };
  const { segments, contents } = salvaged.compacted;
  const snapshot = { coveredSeq: lastSeq + skippedSeqs, segments, contents };
  const quarantinedAt = wallClock();
  const quarantine = problems.map((problem) => ({ ...problem, quarantinedAt }));
  const repair = { expected, snapshot, generation: newGeneration(), quarantine };
  if (await storage.repairDocument(documentName, repair)) return { problems, isMended };
  throw new Error("the document changed while it was being repaired");
}

/** Reads and loads everything there is of a document, and changes nothing. */
export async function diagnose(documentName: string, { storage, workers }: DiagnosisServices): Promise<Diagnosis> {
  const remains = await readRemains(documentName, storage);
  const salvaged = await workers.salvage(remains.pieces);
  const problems = [...remains.problems, ...refusedOf(salvaged, remains)];
  const { pointer, isThere } = remains;
  return { pointer, salvaged, problems, lastSeq: remains.lastSeq ?? 0, isThere };
}

async function readRemains(documentName: string, storage: Storage): Promise<Remains> {
  const remains: Remains = {
    pointer: undefined,
    pieces: [],
    origins: [],
    problems: [],
    damagedSeqs: new Set(),
    lastSeq: undefined,
    isThere: false,
  };
  const pointer = await orProblem(remains, "the pointer", storage.readPointer(documentName));
  remains.pointer = pointer;
  remains.isThere = pointer !== undefined || remains.problems.length > 0;
  remains.lastSeq = pointer?.coveredSeq;
  if (pointer && pointer.epoch > 0) {
    const contents = await orProblem(remains, "the contents", storage.readContents(documentName, pointer));
    if (contents) await orProblem(remains, "the contents", decodeContents(contents));
    else if (remains.problems.length === 0) remains.problems.push(missing("the contents"));
  }
  await orProblem(remains, "whose client ids are", readClaims(documentName, storage));
  const found = new Set<number>();
  for await (const piece of storage.readEverything(documentName)) {
    if (piece.kind === "segment") found.add(piece.id);
    takeIn(remains, piece);
  }
  if (!remains.isThere && remains.pieces.length + remains.problems.length > 0) {
    remains.problems.push(missing("the pointer"));
    remains.isThere = true;
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

/** Those that cannot be read the store lets go; who first says so has those ids. */
async function readClaims(documentName: string, storage: Storage): Promise<number> {
  let count = 0;
  for await (const claim of storage.readClaims(documentName)) count += claim ? 1 : 0;
  return count;
}

async function decodeContents(bytes: Uint8Array): Promise<Contents> {
  return Contents.decode(bytes);
}

function takeIn(remains: Remains, piece: StoredPiece): void {
  const origin = `${piece.kind} ${piece.id}`;
  if ("damage" in piece) {
    // Its key may be wrong, too: it says nothing of what else there should be.
    if (piece.kind === "record") remains.damagedSeqs.add(piece.id);
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
  const { lastSeq = seq - 1, damagedSeqs, problems } = remains;
  remains.lastSeq = Math.max(lastSeq, seq);
  const isThere = [...damagedSeqs].filter((damaged) => damaged > lastSeq && damaged < seq).length;
  const missingCount = seq - lastSeq - 1 - isThere;
  if (missingCount <= 0) return;
  const range = missingCount === 1 ? "a record" : `${missingCount} records`;
  problems.push(missing(`${range} between ${lastSeq} and ${seq}`));
}

function missing(origin: string): Problem {
  return { origin, reason: "missing", bytes: new Uint8Array() };
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
