/** The work of the document threads, done at once after a virtual while: two lanes, as the threads are. */
import {
  compact,
  diff,
  salvage,
  scanLarge,
  Trials,
  WorkerError,
  type Pieces,
  type RootCheck,
  type RootCheckRequest,
  type TrialRequest,
  type TrialResult,
  type Workers,
} from "@syncline/server/engine";
import type { Random } from "../fixtures/random.js";
import { between } from "./chance.js";
import type { Process } from "./process.js";

export interface InlineWorkersOptions {
  readonly process: Process;
  readonly random: Random;
  /** How likely a job comes to nothing, as when a thread dies. */
  readonly failure: () => number;
  /** Small, so that small documents have several. */
  readonly maxSegmentBytes: number;
  readonly count: (name: string) => void;
}

/** No real clock: how long something took decides nothing. */
const now = () => 0;

const reachesNobody = new TextEncoder().encode("{}");

export class InlineWorkers implements Workers {
  readonly #options: InlineWorkersOptions;
  readonly #trials = new Trials({ now });
  #compactions: Promise<unknown> = Promise.resolve();
  #documents: Promise<unknown> = Promise.resolve();
  #isClosed = false;

  constructor(options: InlineWorkersOptions) {
    this.#options = options;
  }

  readonly compact: Workers["compact"] = (pieces, options = {}) => {
    const { maxSegmentBytes } = this.#options;
    return this.#compacting(pieces, "compactions", (list) => compact(list, { maxSegmentBytes, ...options }, now));
  };

  readonly salvage: Workers["salvage"] = (pieces) =>
    this.#compacting(pieces, "salvages", (list) => salvage(list, { now }));

  readonly content: Workers["content"] = (pieces) => this.#compacting(pieces, "contents", () => reachesNobody);

  readonly diff: Workers["diff"] = (pieces, stateVector, options) => {
    const work = async () =>
      this.#work("diffs", await piecesOf(pieces), (list) => [...diff(list, stateVector, options)]);
    const result = this.#documents.then(work);
    this.#documents = result.catch(() => undefined);
    return result;
  };

  readonly scan: Workers["scan"] = (request) => {
    const result = this.#documents.then(() => this.#work("scans", [], () => scanLarge(request)));
    this.#documents = result.catch(() => undefined);
    return result;
  };

  readonly trial: Workers["trial"] = (request) => {
    const result = this.#documents.then(() => this.#try(request));
    this.#documents = result.catch(() => undefined);
    return result;
  };

  readonly checkRoots: Workers["checkRoots"] = (request) => {
    const result = this.#documents.then(() => this.#check(request));
    this.#documents = result.catch(() => undefined);
    return result;
  };

  forget(documentKey: string): void {
    this.#trials.forget(documentKey);
  }

  async close(): Promise<void> {
    this.#isClosed = true;
  }

  async #try({ documentKey, version, piecesSince, stateVector, update }: TrialRequest): Promise<TrialResult> {
    const pieces = await piecesOf(piecesSince(this.#trials.versionOf(documentKey)));
    return this.#work("trials", pieces, (list) => {
      this.#trials.build(documentKey, version, list);
      return this.#trials.apply(documentKey, update, stateVector);
    });
  }

  async #check({ documentKey, version, piecesSince, roots, update }: RootCheckRequest): Promise<RootCheck> {
    const pieces = await piecesOf(piecesSince(this.#trials.versionOf(documentKey)));
    return this.#work("root checks", pieces, (list) => {
      this.#trials.build(documentKey, version, list);
      return this.#trials.check(documentKey, update, roots);
    });
  }

  #compacting<Result>(pieces: Pieces, name: string, job: (list: Uint8Array[]) => Result): Promise<Result> {
    const result = this.#compactions.then(async () => this.#work(name, await piecesOf(pieces), job));
    this.#compactions = result.catch(() => undefined);
    return result;
  }

  async #work<Result>(name: string, pieces: Uint8Array[], job: (list: Uint8Array[]) => Result): Promise<Result> {
    const { process, random, failure, count } = this.#options;
    await new Promise<void>(
      (resolve) => void process.after(between(random, 1, 60), `${process.name} ${name}`, resolve),
    );
    if (this.#isClosed) throw new WorkerError("closed", "the pool was closed");
    if (random.chance(failure())) throw new WorkerError("crashed", "the thread died");
    count(name);
    return job(pieces);
  }
}

/** @throws {WorkerError} `input` */
async function piecesOf(pieces: Pieces): Promise<Uint8Array[]> {
  const list: Uint8Array[] = [];
  try {
    for await (const piece of pieces) list.push(piece.slice());
  } catch (cause) {
    throw new WorkerError("input", "the pieces broke off", { cause });
  }
  return list;
}
