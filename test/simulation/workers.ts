/** The work of the document threads, done after a virtual while, or not at all. */
import { WorkerError } from "@syncline/server/engine";
import type { Random } from "../fixtures/random.js";
import { InlineWorkers, type InlineWorkersOptions, type JobKind } from "../support/inline-workers.js";
import { between } from "./chance.js";
import type { Process } from "./process.js";

export interface SimulatedWorkersOptions extends InlineWorkersOptions {
  readonly process: Process;
  readonly random: Random;
  /** How likely a job comes to nothing, as when a thread dies. */
  readonly failure: () => number;
  readonly count: (name: JobKind) => void;
}

export class SimulatedWorkers extends InlineWorkers {
  readonly #options: SimulatedWorkersOptions;
  #isClosed = false;

  constructor(options: SimulatedWorkersOptions) {
    super(options);
    this.#options = options;
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
  }

  protected override readonly starts = async (kind: JobKind): Promise<void> => {
    const { process, random, failure, count } = this.#options;
    await new Promise<void>(
      (resolve) => void process.after(between(random, 1, 60), `${process.name} ${kind}`, resolve),
    );
    if (this.#isClosed) throw new WorkerError("closed", "the pool was closed");
    if (random.chance(failure())) throw new WorkerError("crashed", "the thread died");
    count(kind);
  };
}
