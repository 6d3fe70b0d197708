/**
 * Makes a snapshot of what can still be read of a damaged document: pieces may be missing, garbled, or such that Yjs throws at
 * them. Runs in a document thread; knows no room, no store and no thread.
 */
import { messageOf } from "../error.js";
import { defaultScanLimits } from "../update/limits.js";
import { scanUpdate, type ScannedUpdate } from "../update/scan.js";
import type { Now } from "./document.js";
import type { Refused, Salvaged } from "./jobs.js";
import { leftoverOf } from "./leftover.js";
import { blank, Rebuild, type Checkpoint } from "./rebuild.js";
import { loadAndCompare, writeSegments, type Written } from "./snapshot.js";
import { defaultMaxUpdateBytes } from "./update-size.js";

export interface SalvageOptions {
  /** As in `CompactOptions`. */
  readonly maxSegmentBytes?: number | undefined;
  /**
   * Structs that may be loaded again because a piece broke the document they were in. After that, each piece that breaks one
   * takes more and more of those that follow it with it, so that an end comes in sight.
   *
   * @default 10,000,000, some ten seconds
   */
  readonly maxReloadedStructs?: number | undefined;
  readonly now?: Now | undefined;
}

/**
 * The pieces are in the order of the log. Each is refused if it cannot be decoded, or if Yjs throws when it is applied after those
 * accepted before it. What leans on something missing is not refused: a later piece may bring it, and what still lacks something
 * at the end is the leftover.
 *
 * @throws {WorkerError} `failed` when what was put together cannot be written so that it loads again.
 */
export function salvage(pieces: Iterable<Uint8Array>, options: SalvageOptions = {}): Salvaged {
  const now = options.now ?? (() => performance.now());
  // As in compact.ts: the first document is garbage before the second is built.
  const { written, refused, leftover } = rebuildAndWrite([...pieces], options, now);
  return { compacted: loadAndCompare(written, true, now), refused, leftover };
}

interface Rebuilt extends Omit<Salvaged, "compacted"> {
  readonly written: Written;
}

function rebuildAndWrite(pieces: readonly Uint8Array[], options: SalvageOptions, now: Now): Rebuilt {
  const salvager = new Salvager(pieces, options.maxReloadedStructs ?? 10_000_000, now);
  const { built, held, stateVector } = salvager.run();
  return {
    written: writeSegments(built, options.maxSegmentBytes ?? defaultMaxUpdateBytes),
    refused: salvager.refused,
    leftover: leftoverOf(
      held.map(({ scanned }) => scanned.update),
      stateVector,
    ),
  };
}

/** Segments have no limit of size. The others are kept: what no room takes from a client comes from no room either. */
const anySize = { ...defaultScanLimits, maxBytes: Infinity };

/** What a rebuild begins with, and the first piece that is not in it. */
interface Position {
  readonly checkpoint: Checkpoint;
  readonly nextIndex: number;
}

const start: Position = Object.freeze({ checkpoint: blank, nextIndex: 0 });

class Salvager {
  readonly #pieces: readonly Uint8Array[];
  readonly #maxReloadedStructs: number;
  readonly #now: Now;
  readonly #reasons = new Map<number, string>();
  #position = start;
  /** The pieces before this one are known to go well: the next rebuild stops here for a checkpoint. */
  #provenIndex = 0;
  #nextIndex = 0;
  /** Once a transaction of all pieces threw at its end, where nobody knows whose fault it is: one a piece. */
  #isStepwise = false;
  /** Documents no editor makes may not load again once written. */
  #mayCheckpoint = true;
  #reloadedStructs = 0;
  #refusedAtOnce = 1;
  #failure: Refused | undefined;

  constructor(pieces: readonly Uint8Array[], maxReloadedStructs: number, now: Now) {
    this.#pieces = pieces;
    this.#maxReloadedStructs = maxReloadedStructs;
    this.#now = now;
  }

  get refused(): Refused[] {
    const byIndex = [...this.#reasons].sort(([left], [right]) => left - right);
    return byIndex.map(([pieceIndex, reason]) => ({ pieceIndex, reason }));
  }

  /** Each turn refuses a piece more, or turns to steps, once. */
  run(): Rebuild {
    for (;;) {
      const rebuild = this.#load();
      try {
        this.#together(rebuild, () => this.#takeUntil(rebuild, this.#provenIndex));
        this.#keep(rebuild);
        this.#together(rebuild, () => this.#takeAll(rebuild));
        return rebuild;
      } catch (cause) {
        this.#learnFrom(cause);
        this.#reloadedStructs += rebuild.structCount;
      }
    }
  }

  #load(): Rebuild {
    this.#failure = undefined;
    try {
      this.#nextIndex = this.#position.nextIndex;
      return new Rebuild(this.#position.checkpoint, this.#now);
    } catch {
      // Only what was written on the way does not load: the pieces did.
      this.#mayCheckpoint = false;
      this.#startOver();
      return new Rebuild(start.checkpoint, this.#now);
    }
  }

  #startOver(): void {
    this.#position = start;
    this.#nextIndex = 0;
    this.#provenIndex = 0;
  }

  #keep(rebuild: Rebuild): void {
    if (!this.#mayCheckpoint || this.#nextIndex === this.#position.nextIndex) return;
    this.#position = { checkpoint: rebuild.checkpoint(), nextIndex: this.#nextIndex };
  }

  #learnFrom(cause: unknown): void {
    if (this.#failure === undefined) {
      if (this.#isStepwise) throw cause;
      this.#isStepwise = true;
      return;
    }
    const { pieceIndex, reason } = this.#failure;
    this.#reasons.set(pieceIndex, reason);
    if (this.#reloadedStructs > this.#maxReloadedStructs) this.#refuseMoreAfter(pieceIndex);
    // What was held and failed later may be in the checkpoint in part.
    if (pieceIndex < this.#position.nextIndex) this.#startOver();
    else this.#provenIndex = pieceIndex;
  }

  #refuseMoreAfter(pieceIndex: number): void {
    const end = Math.min(pieceIndex + this.#refusedAtOnce, this.#pieces.length);
    for (let index = pieceIndex + 1; index < end; index++) {
      this.#reasons.set(index, "not tried: too many of those before it could not be applied");
    }
    this.#refusedAtOnce *= 2;
  }

  #takeAll(rebuild: Rebuild): void {
    this.#takeUntil(rebuild, this.#pieces.length);
    for (let hasMoved = true; hasMoved;) {
      hasMoved = false;
      for (const held of rebuild.held) {
        this.#step(rebuild, held.pieceIndex, () => (hasMoved = rebuild.takeMore(held) || hasMoved));
      }
    }
    for (const held of rebuild.held) this.#step(rebuild, held.pieceIndex, () => rebuild.deleteFor(held));
  }

  #takeUntil(rebuild: Rebuild, end: number): void {
    for (; this.#nextIndex < end; this.#nextIndex++) {
      const pieceIndex = this.#nextIndex;
      const scanned = this.#reasons.has(pieceIndex) ? undefined : this.#scan(pieceIndex);
      if (scanned !== undefined) this.#step(rebuild, pieceIndex, () => rebuild.take({ pieceIndex, scanned }));
    }
  }

  #scan(pieceIndex: number): ScannedUpdate | undefined {
    try {
      return scanUpdate(this.#pieces[pieceIndex] as Uint8Array, anySize);
    } catch (cause) {
      this.#reasons.set(pieceIndex, messageOf(cause));
      return undefined;
    }
  }

  #together(rebuild: Rebuild, work: () => void): void {
    if (this.#isStepwise) work();
    else rebuild.transact(work);
  }

  #step(rebuild: Rebuild, pieceIndex: number, work: () => void): void {
    try {
      if (this.#isStepwise) rebuild.transact(work);
      else work();
    } catch (cause) {
      // The end of the transaction may throw, too, and then hides this.
      this.#failure = { pieceIndex, reason: messageOf(cause) };
      throw cause;
    }
  }
}
