/**
 * Applies an update to the real document before anybody else does, or only looks where it belongs. Runs in a document thread,
 * which whoever set a time limit kills: no time limit can be kept in here.
 */
import { messageOf } from "../error.js";
import * as Y from "yjs";
import { findKeyed } from "../update/keys.js";
import { scanUpdate, type ScannedUpdate } from "../update/scan.js";
import { StateVector } from "../update/state-vector.js";
import { trimStructs } from "../update/trim.js";
import { applyPieces, buildDocument, hasPending, microsPerStruct, type Now } from "./document.js";
import type { RootCheck, TrialAccepted, TrialRefusal, TrialRefused, TrialResult } from "./jobs.js";
import { keyedItemsOf } from "./keyed-items.js";
import { checkRoots, RootIndex } from "./root-check.js";

export interface TrialsOptions {
  /** Documents kept for the next trial or check. @default 32 */
  readonly maxDocuments?: number | undefined;
  /** Bytes of pieces that went into the documents kept, as a measure of their heap (a dozen times that). @default 16 MiB */
  readonly maxKeptBytes?: number | undefined;
  readonly now?: Now | undefined;
}

interface Entry {
  readonly doc: Y.Doc;
  readonly version: number;
  readonly byteLength: number;
  /** Made for the first check. */
  readonly index?: RootIndex;
}

/** A root name that no editor uses: what is written there says whether a document still takes edits. */
const probeName = "\u0000syncline trial";

/** The documents of the latest trials, and the trials. */
export class Trials {
  readonly #maxDocuments: number;
  readonly #maxKeptBytes: number;
  readonly #now: Now;
  /** Least recently used first. */
  readonly #entries = new Map<string, Entry>();

  constructor(options: TrialsOptions = {}) {
    this.#maxDocuments = options.maxDocuments ?? 32;
    this.#maxKeptBytes = options.maxKeptBytes ?? 16 * 1024 * 1024;
    this.#now = options.now ?? (() => performance.now());
  }

  /** The version whose pieces the document kept under this key has; null when there is none. */
  versionOf(documentKey: string): number | null {
    return this.#entries.get(documentKey)?.version ?? null;
  }

  forget(documentKey: string): void {
    this.#entries.delete(documentKey);
  }

  /**
   * Brings the document to `version`. The pieces are those after `versionOf`, or more.
   *
   * @throws {WorkerError} `failed`, with the index of the piece.
   */
  build(documentKey: string, version: number, pieces: readonly Uint8Array[]): void {
    const kept = this.#take(documentKey);
    let byteLength = kept?.byteLength ?? 0;
    for (const piece of pieces) byteLength += piece.length;
    if (kept !== undefined) applyPieces(kept.doc, pieces, this.#now);
    const doc = kept?.doc ?? buildDocument(pieces, this.#now).doc;
    this.#entries.set(documentKey, { ...kept, doc, version, byteLength });
  }

  /**
   * Whether the update keeps to these root types. Nothing is applied: the document has only what the room appended, so that nobody can
   * make it believe that an id stands where it does not. It must not be one that trials apply to: after those Yjs deletes by itself
   * what in the log is alive.
   *
   * @param update causally closed over the document, with no struct that the document has already
   */
  check(documentKey: string, update: Uint8Array, roots: readonly string[]): RootCheck {
    const entry = this.#take(documentKey);
    if (entry === undefined) throw new Error("a check needs its document built first");
    const index = entry.index ?? new RootIndex(entry.doc);
    this.#keep(documentKey, { ...entry, index });
    return checkRoots(update, roots, index);
  }

  /**
   * Applies what of the update lies beyond the state vector. The document is kept only if that went well: Yjs undoes nothing.
   * It then has the update before the room has appended it; should that come to nothing, `forget` it.
   */
  apply(documentKey: string, update: Uint8Array, stateVector: Uint8Array): TrialResult {
    const entry = this.#take(documentKey);
    if (entry === undefined) throw new Error("a trial needs its document built first");
    let result: TrialResult;
    try {
      result = this.#applyTo(entry.doc, trimStructs(scanUpdate(update), StateVector.decode(stateVector)));
    } catch (cause) {
      return refused("threw", messageOf(cause));
    }
    if (result.kind === "accepted") {
      this.#keep(documentKey, { ...entry, byteLength: entry.byteLength + result.scanned.byteLength });
    }
    return result;
  }

  #applyTo(doc: Y.Doc, scanned: ScannedUpdate): TrialResult {
    // Before it is applied: what it leans on may be collected afterwards.
    const keyed = findKeyed(scanned, keyedItemsOf(doc));
    const startMs = this.#now();
    Y.applyUpdate(doc, scanned.update);
    const integrateMs = this.#now() - startMs;
    return whyRefused(doc, scanned) ?? accepted({ ...scanned, keyed }, integrateMs);
  }

  #take(documentKey: string): Entry | undefined {
    const entry = this.#entries.get(documentKey);
    this.#entries.delete(documentKey);
    return entry;
  }

  #keep(documentKey: string, entry: Entry): void {
    this.#entries.set(documentKey, entry);
    let keptBytes = 0;
    for (const { byteLength } of this.#entries.values()) keptBytes += byteLength;
    for (const [oldestKey, oldest] of this.#entries) {
      // The one just used is kept, however large: it would be built anew for the next keystroke.
      const isEnough = this.#entries.size <= this.#maxDocuments && keptBytes <= this.#maxKeptBytes;
      if (isEnough || oldestKey === documentKey) return;
      this.#entries.delete(oldestKey);
      keptBytes -= oldest.byteLength;
    }
  }
}

function accepted(scanned: ScannedUpdate, integrateMs: number): TrialAccepted {
  const integrateMicrosPerStruct = microsPerStruct(integrateMs, scanned.structCount);
  return { kind: "accepted", scanned, integrateMs, integrateMicrosPerStruct };
}

function whyRefused(doc: Y.Doc, { blocks }: ScannedUpdate): TrialRefused | undefined {
  if (hasPending(doc)) return refused("not-closed", "it builds upon something the document lacks");
  for (let at = 0; at < blocks.length; at += 3) {
    const client = blocks[at] as number;
    if (Y.getState(doc.store, client) >= (blocks[at + 2] as number)) continue;
    return refused("wedged", `structs of client ${client} did not arrive in the document`);
  }
  return takesEdits(doc) ? undefined : refused("wedged", "the document takes no more edits");
}

/** A wedged document accepts an edit and never says so: the transaction before it has not come to its end. */
function takesEdits(doc: Y.Doc): boolean {
  let updateCount = 0;
  const count = (): void => {
    updateCount += 1;
  };
  doc.on("update", count);
  doc.getMap(probeName).set("probe", 0);
  doc.off("update", count);
  return updateCount > 0;
}

function refused(reason: TrialRefusal, detail: string): TrialRefused {
  return { kind: "refused", reason, detail };
}
