/** What a server's threads do, done in this one: two lanes, as the threads are, each with one job at a time. */
import {
  compact,
  diff,
  salvage,
  scanLarge,
  Trials,
  WorkerError,
  type Pieces,
  type RootCheckRequest,
  type Workers,
} from "@syncline/server/engine";

export type JobKind = "compactions" | "salvages" | "contents" | "diffs" | "scans" | "trials" | "root checks";

export interface InlineWorkersOptions {
  /** Small, so that small documents have several segments. @default 600 */
  readonly maxSegmentBytes?: number;
}

/** No real clock: how long something took decides nothing. */
const now = () => 0;

const reachesNobody = new TextEncoder().encode("{}");

/** One job after the other. */
class Lane {
  #last: Promise<unknown> = Promise.resolve();

  run<Result>(job: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => undefined);
    return result;
  }
}

export class InlineWorkers implements Workers {
  readonly #maxSegmentBytes: number;
  readonly #trials = new Trials({ now });
  readonly #compactions = new Lane();
  readonly #documents = new Lane();

  constructor({ maxSegmentBytes = 600 }: InlineWorkersOptions = {}) {
    this.#maxSegmentBytes = maxSegmentBytes;
  }

  readonly compact: Workers["compact"] = (pieces, options = {}) => {
    const maxSegmentBytes = this.#maxSegmentBytes;
    return this.#compacting(pieces, "compactions", (list) => compact(list, { maxSegmentBytes, ...options }, now));
  };

  readonly salvage: Workers["salvage"] = (pieces) =>
    this.#compacting(pieces, "salvages", (list) => salvage(list, { now }));

  readonly content: Workers["content"] = (pieces) => this.#compacting(pieces, "contents", () => reachesNobody);

  readonly diff: Workers["diff"] = (pieces, stateVector, options) =>
    this.#documents.run(async () => {
      const list = await listOf(pieces);
      return this.#do("diffs", () => [...diff(list, stateVector, options)]);
    });

  readonly scan: Workers["scan"] = (request) => this.#documents.run(() => this.#do("scans", () => scanLarge(request)));

  readonly trial: Workers["trial"] = (request) =>
    this.#withDocument(request, "trials", () =>
      this.#trials.apply(request.documentKey, request.update, request.stateVector),
    );

  readonly checkRoots: Workers["checkRoots"] = (request) =>
    this.#withDocument(request, "root checks", () =>
      this.#trials.check(request.documentKey, request.update, request.roots),
    );

  forget(documentKey: string): void {
    this.#trials.forget(documentKey);
  }

  async close(): Promise<void> {}

  /** Called when a job has what it needs: it may take a while, or throw what a thread that dies does. */
  protected readonly starts: (kind: JobKind) => Promise<void> = () => Promise.resolve();

  #compacting<Result>(pieces: Pieces, kind: JobKind, job: (list: Uint8Array[]) => Result): Promise<Result> {
    return this.#compactions.run(async () => {
      const list = await listOf(pieces);
      return this.#do(kind, () => job(list));
    });
  }

  /** The documents are kept between the jobs. */
  #withDocument<Result>(
    { documentKey, version, piecesSince }: Pick<RootCheckRequest, "documentKey" | "version" | "piecesSince">,
    kind: JobKind,
    job: () => Result,
  ): Promise<Result> {
    return this.#documents.run(async () => {
      const list = await listOf(piecesSince(this.#trials.versionOf(documentKey)));
      return this.#do(kind, () => {
        this.#trials.build(documentKey, version, list);
        return job();
      });
    });
  }

  async #do<Result>(kind: JobKind, job: () => Result): Promise<Result> {
    await this.starts(kind);
    return job();
  }
}

/** @throws {WorkerError} `input` */
async function listOf(pieces: Pieces): Promise<Uint8Array[]> {
  const list: Uint8Array[] = [];
  try {
    for await (const piece of pieces) list.push(piece.slice());
  } catch (cause) {
    throw new WorkerError("input", "the pieces broke off", { cause });
  }
  return list;
}
