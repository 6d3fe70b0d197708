/** Long work that stops at a safe place when it is told to. */

/** The process was told to stop. What was done is kept. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  /** What shells expect of a process that a signal ended. */
  readonly exitCode: number;

  constructor(signal: NodeJS.Signals) {
    super("stopped; what was done is complete, and it can be run again");
    this.exitCode = signal === "SIGINT" ? 130 : 143;
  }
}

/**
 * Aborts `work` at the first SIGINT or SIGTERM; the second ends the process at once.
 *
 * @throws {Interrupted} when `work` rejected because of it; one that is done all the same is done.
 */
export async function interruptible<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
  const controller = new AbortController();
  const stop = (signal: NodeJS.Signals) => {
    if (controller.signal.aborted) process.exit(new Interrupted(signal).exitCode);
    controller.abort(new Interrupted(signal));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    return await work(controller.signal);
  } catch (thrown) {
    throw controller.signal.aborted ? controller.signal.reason : thrown;
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}
