/** What a server's threads do, done on the spot. */
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

const nothing = new TextEncoder().encode("{}");
/** How long something took decides nothing. */
const now = () => 0;
/** Small, so that small documents have several segments. */
const maxSegmentBytes = 600;

export class InlineWorkers implements Workers {
  readonly #trials = new Trials({ now });
  #last: Promise<unknown> = Promise.resolve();

  readonly compact: Workers["compact"] = async (pieces, options = {}) =>
    compact(await listOf(pieces), { maxSegmentBytes, ...options }, now);

  readonly salvage: Workers["salvage"] = async (pieces) => salvage(await listOf(pieces), { now });

  readonly content: Workers["content"] = async () => nothing;

  readonly diff: Workers["diff"] = async (pieces, stateVector, options) => [
    ...diff(await listOf(pieces), stateVector, options),
  ];

  readonly scan: Workers["scan"] = (request) => this.#inTurn(async () => scanLarge(request));

  readonly trial: Workers["trial"] = (request) => this.#inTurn(() => this.#try(request));

  readonly checkRoots: Workers["checkRoots"] = (request) => this.#inTurn(() => this.#check(request));

  forget(documentKey: string): void {
    this.#trials.forget(documentKey);
  }

  async close(): Promise<void> {}

  /** One after the other, as in a thread: the documents are kept between them. */
  #inTurn<Result>(job: () => Promise<Result>): Promise<Result> {
    const result = this.#last.then(job);
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #check({ documentKey, version, piecesSince, roots, update }: RootCheckRequest): Promise<RootCheck> {
    const pieces = await listOf(piecesSince(this.#trials.versionOf(documentKey)));
    this.#trials.build(documentKey, version, pieces);
    return this.#trials.check(documentKey, update, roots);
  }

  async #try({ documentKey, version, piecesSince, stateVector, update }: TrialRequest): Promise<TrialResult> {
    const pieces = await listOf(piecesSince(this.#trials.versionOf(documentKey)));
    this.#trials.build(documentKey, version, pieces);
    return this.#trials.apply(documentKey, update, stateVector);
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
