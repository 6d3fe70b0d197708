/**
 * What one can do with documents as a whole: look at them, delete, create, export, import, check, back up. On a running
 * server people have them open meanwhile: everything here goes through the rooms.
 */
import { checkDocumentName, checkStoredDocumentName, closeCodes } from "@syncline/protocol";
import { SynclineError } from "../error.js";
import { isDamage } from "../room/damage.js";
import { DocumentDeleted } from "../room/deleted.js";
import { isStaleSnapshot } from "../room/history.js";
import { diagnose, type Problem } from "../room/repair.js";
import type { Room } from "../room/room.js";
import type { Rooms } from "../room/rooms.js";
import { snapshotBytesOf } from "../storage/pointer.js";
import type { BackupProgress, Pointer, QuarantineEntry, SegmentInfo, Storage } from "../storage/storage.js";
import { WorkerError } from "../worker/error.js";
import type { Pieces, Salvaged } from "../worker/jobs.js";
import type { WorkerPool } from "../worker/worker-pool.js";
import { readStateVector } from "./state-vector.js";

export interface DocumentSummary {
  readonly name: string;
  readonly generation: string;
  /** The last record. */
  readonly seq: number;
  readonly snapshotBytes: number;
  /** Records since the snapshot. */
  readonly recordCount: number;
  readonly recordBytes: number;
  /** Above 0 the document is degraded: so many pieces of it could not be used and were set aside. */
  readonly quarantinedCount: number;
  /** What keeps it from being read, where something does; the numbers then say nothing. It is repaired when it is opened. */
  readonly damage?: string;
}

export interface DocumentReport extends DocumentSummary {
  /** Snapshots made so far. */
  readonly epoch: number;
  /** Records up to this one are in the snapshot. */
  readonly coveredSeq: number;
  readonly segments: readonly SegmentInfo[];
  /** Yjs client ids and how many of their ids the document holds. */
  readonly stateVector: readonly { readonly client: number; readonly clock: number }[];
  readonly quarantine: readonly Omit<QuarantineEntry, "bytes">[];
}

export interface ImportReport {
  readonly byteCount: number;
  /** Updates that could not be applied, and why. */
  readonly refused: readonly string[];
  /** Bytes of what leans on something that is not there. */
  readonly leftoverBytes: number;
}

export interface CheckReport {
  readonly name: string;
  /** Empty: everything of the document can be read and applied. */
  readonly problems: readonly Omit<Problem, "bytes">[];
}

export interface DocumentsOptions {
  readonly rooms: Rooms;
  readonly storage: Storage;
  readonly workers: Pick<WorkerPool, "compact" | "content" | "salvage">;
  readonly newGeneration: () => string;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
}

/** The server does this to a document: who has it open comes back by itself. */
const comeBack = { code: closeCodes.unavailable, reason: "the document is being worked on; come back in a moment" };

/** How often a snapshot that is replaced while it is read is read again. */
const maxAttempts = 5;

export class Documents {
  readonly #options: DocumentsOptions;

  constructor(options: DocumentsOptions) {
    this.#options = options;
  }

  /** All documents, in no particular order. */
  async *list(): AsyncIterable<DocumentSummary> {
    for await (const name of this.#options.storage.listDocuments()) {
      const summary = await this.#summary(name);
      if (summary) yield summary;
    }
  }

  /** @throws {SynclineError} `document-not-found`; `data-corrupt` when it is damaged: see `check` */
  async inspect(name: string): Promise<DocumentReport> {
    for (let attempt = 1; ; attempt++) {
      const pointer = await this.#existing(name);
      try {
        return await this.#report(name, pointer);
      } catch (thrown) {
        if (attempt === maxAttempts || (await this.#snapshotOf(name)) === snapshotId(pointer)) throw thrown;
      }
    }
  }

  /**
   * Everybody who has it open is closed with 4404, and what they hold cannot bring it back.
   *
   * @throws {SynclineError} `document-not-found`
   */
  async delete(name: string): Promise<void> {
    const { rooms, storage, wallClock } = this.#options;
    await this.#assertExists(name);
    const ending = { code: closeCodes.deleted, reason: "the document was deleted" };
    await rooms.exclusively(name, ending, async () => {
      if (!(await storage.deleteDocument(name, wallClock()))) throw notFound(name);
    });
  }

  /**
   * Makes a document, also one that was deleted: from then on it can be opened again, with a new generation and empty.
   *
   * @throws {SynclineError} `document-exists`
   * @throws {ProtocolError} `invalid-document-name`
   */
  async recreate(name: string): Promise<void> {
    checkDocumentName(name);
    const { rooms, storage, newGeneration } = this.#options;
    if (await this.#exists(name)) throw exists(name);
    await rooms.exclusively(name, comeBack, async () => {
      if (!(await storage.createDocument(name, newGeneration()))) throw exists(name);
    });
  }

  /** The document as one Yjs v1 update. @throws {SynclineError} `document-not-found`; `data-corrupt` when it is damaged */
  async export(name: string): Promise<Uint8Array> {
    const whole = { maxSegmentBytes: Number.MAX_SAFE_INTEGER, mayLoseContent: true };
    const { segments } = await this.#withContent(name, (pieces) => this.#options.workers.compact(pieces, whole));
    return segments[0] ?? Uint8Array.of(0, 0);
  }

  /** What the document says, as JSON in UTF-8. @throws {SynclineError} as `export` does */
  async content(name: string): Promise<Uint8Array> {
    return this.#withContent(name, (pieces) => this.#options.workers.content(pieces));
  }

  /**
   * Makes a document of Yjs v1 updates; what cannot be used of them is reported and left out. With `replace` an existing one
   * is replaced: whoever holds its content is told so instead of merging the two.
   *
   * @throws {SynclineError} `document-exists`; `invalid-option` when nothing of the updates can be used
   * @throws {ProtocolError} `invalid-document-name`
   */
  async import(
    name: string,
    updates: readonly Uint8Array[],
    { replace = false }: { readonly replace?: boolean } = {},
  ): Promise<ImportReport> {
    const { rooms, storage, workers, newGeneration } = this.#options;
    checkStoredDocumentName(name);
    const isThere = await this.#exists(name);
    if (isThere && !replace) throw exists(name);
    if (!isThere) checkDocumentName(name);
    const { compacted, refused, leftover } = await workers.salvage(updates);
    assertSomethingUsable({ compacted, refused, leftover });
    const { segments, contents } = compacted;
    const snapshot = { coveredSeq: 1, segments, contents };
    const replaced = { code: closeCodes.generationMismatch, reason: "the document was replaced" };
    await rooms.exclusively(name, isThere ? replaced : comeBack, async () => {
      if (!(await storage.createDocument(name, newGeneration(), { snapshot, replace }))) throw exists(name);
    });
    return {
      byteCount: segments.reduce((sum, { length }) => sum + length, 0),
      refused: refused.map(({ pieceIndex, reason }) => `update ${pieceIndex + 1}: ${reason}`),
      leftoverBytes: leftover?.length ?? 0,
    };
  }

  /** Reads every value of a document and applies it to an empty one; changes nothing. @throws {SynclineError} `document-not-found` */
  async check(name: string): Promise<CheckReport> {
    await this.#assertExists(name);
    for (let attempt = 1; ; attempt++) {
      const before = await this.#snapshotOf(name);
      const { problems } = await diagnose(name, this.#options);
      if (problems.length > 0 && (await this.#snapshotOf(name)) !== before && attempt < maxAttempts) continue;
      return { name, problems: problems.map(({ origin, reason }) => ({ origin, reason })) };
    }
  }

  /**
   * Sets aside what cannot be used. Who has the document open comes back by itself.
   *
   * @throws {SynclineError} `document-not-found`
   */
  async repair(name: string): Promise<CheckReport> {
    await this.#assertExists(name);
    const problems = await this.#options.rooms.repair(name);
    return { name, problems: problems.map(({ origin, reason }) => ({ origin, reason })) };
  }

  /**
   * Copies all documents, as they are at this moment, into a directory that a server can be started on.
   *
   * @throws {SynclineError} `data-unusable`; `not-supported` when the store is not in files
   */
  async backUp(directory: string, onProgress?: (progress: BackupProgress) => void): Promise<void> {
    const { storage } = this.#options;
    if (!storage.backUp) throw new SynclineError("not-supported", "this store has no backup of its own");
    await storage.backUp(directory, onProgress);
  }

  async #report(name: string, pointer: Pointer): Promise<DocumentReport> {
    const { storage } = this.#options;
    const quarantine: Omit<QuarantineEntry, "bytes">[] = [];
    for await (const { origin, reason, quarantinedAt } of storage.readQuarantine(name)) {
      quarantine.push({ origin, reason, quarantinedAt });
    }
    const { epoch, coveredSeq, segments } = pointer;
    const stateVector = await readStateVector(name, storage, pointer);
    return { ...(await this.#summarise(name, pointer)), epoch, coveredSeq, segments, stateVector, quarantine };
  }

  async #summarise(name: string, pointer: Pointer): Promise<DocumentSummary> {
    const { generation, coveredSeq, quarantinedCount } = pointer;
    const snapshotBytes = snapshotBytesOf(pointer);
    let seq = coveredSeq;
    let recordCount = 0;
    let recordBytes = 0;
    for await (const record of this.#options.storage.readRecords(name, coveredSeq)) {
      seq = record.seq;
      recordCount += 1;
      for (const update of record.updates) recordBytes += update.length;
    }
    return { name, generation, seq, snapshotBytes, recordCount, recordBytes, quarantinedCount };
  }

  async #summary(name: string): Promise<DocumentSummary | undefined> {
    try {
      const pointer = await this.#options.storage.readPointer(name);
      if (pointer) return await this.#summarise(name, pointer);
      return (await this.#exists(name)) ? damagedSummary(name, "its pointer is missing") : undefined;
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      return damagedSummary(name, thrown.message);
    }
  }

  /** One that cannot be read is there, too, and so is one of which only the pointer is missing. */
  async #exists(name: string): Promise<boolean> {
    const { storage } = this.#options;
    try {
      if (await storage.readPointer(name)) return true;
    } catch (thrown) {
      if (isDamage(thrown)) return true;
      throw thrown;
    }
    if (await storage.readTombstone(name)) return false;
    for await (const piece of storage.readEverything(name)) if (piece) return true;
    return false;
  }

  async #assertExists(name: string): Promise<void> {
    if (!(await this.#exists(name))) throw notFound(name);
  }

  async #existing(name: string): Promise<Pointer> {
    const pointer = await this.#options.storage.readPointer(name);
    if (!pointer) throw notFound(name);
    return pointer;
  }

  /**
   * Which snapshot the document has; `undefined` where there is none, or its pointer cannot be read. One that was
   * replaced while it was read looks like one of which parts are missing: reading is tried again then.
   */
  async #snapshotOf(name: string): Promise<string | undefined> {
    const pointer = await this.#options.storage.readPointer(name).catch(() => undefined);
    return pointer && snapshotId(pointer);
  }

  async #withContent<Result>(name: string, use: (pieces: Pieces) => Promise<Result>): Promise<Result> {
    const room = await this.#open(name);
    try {
      for (let attempt = 1; ; attempt++) {
        try {
          return await use(room.content());
        } catch (thrown) {
          if (!isStaleSnapshot(thrown) || attempt === maxAttempts) throw asDamage(name, thrown);
        }
      }
    } finally {
      this.#options.rooms.release(room);
    }
  }

  async #open(name: string): Promise<Room> {
    await this.#assertExists(name);
    try {
      return await this.#options.rooms.open(name);
    } catch (thrown) {
      throw thrown instanceof DocumentDeleted ? notFound(name) : asDamage(name, thrown);
    }
  }
}

/** Whatever of a document could not be read or applied says so in one way; anything else is thrown as it is. */
function asDamage(name: string, thrown: unknown): unknown {
  const isUnusable = thrown instanceof WorkerError && thrown.pieceIndex !== undefined;
  // A part of the snapshot that is still not there was not replaced meanwhile: it is missing.
  if (!isUnusable && !isStaleSnapshot(thrown) && !isDamage(thrown)) return thrown;
  const message = `the document ${JSON.stringify(name)} is damaged; check says what is, repair sets it aside`;
  return new SynclineError("data-corrupt", message, { cause: thrown });
}

/** An empty document in place of garbage would look like an import that went well. */
function assertSomethingUsable({ compacted, refused, leftover }: Salvaged): void {
  if (compacted.segments.length > 0 || (refused.length === 0 && !leftover)) return;
  const reason = refused[0]?.reason ?? "all of it leans on something that is missing";
  throw new SynclineError("invalid-option", `nothing of it can be used: ${reason}; nothing was changed`);
}

function snapshotId({ generation, epoch }: Pointer): string {
  return `${generation} ${epoch}`;
}

function damagedSummary(name: string, damage: string): DocumentSummary {
  const unknown = { generation: "", seq: 0, snapshotBytes: 0, recordCount: 0, recordBytes: 0, quarantinedCount: 0 };
  return { name, ...unknown, damage };
}

function notFound(name: string): SynclineError {
  return new SynclineError("document-not-found", `there is no document ${JSON.stringify(name)}`);
}

function exists(name: string): SynclineError {
  return new SynclineError("document-exists", `the document ${JSON.stringify(name)} exists`);
}
