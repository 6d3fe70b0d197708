/** How far long work has come: a line that changes on a terminal, nothing in a pipe. */
import type { Ora } from "ora";
import { countOf, formatBytes, formatCount, formatRate } from "./printable.js";

export interface ProgressOptions {
  /** What is counted: `document`. */
  readonly one: string;
  readonly many: string;
  /** How many there are, where that is known. */
  readonly total?: number | undefined;
}

export class Progress {
  readonly #options: ProgressOptions;
  readonly #spinner: Ora | undefined;
  readonly #startedAt = performance.now();

  private constructor(options: ProgressOptions, spinner: Ora | undefined) {
    this.#options = options;
    this.#spinner = spinner;
  }

  /** What is printed meanwhile goes above the line. */
  static async begin(options: ProgressOptions): Promise<Progress> {
    // A terminal that is no columns wide, as some containers give, has ora clear lines without end.
    if (!process.stderr.isTTY || process.stderr.columns < 1) return new Progress(options, undefined);
    const { default: ora } = await import("ora");
    // Standard input may be what is being imported.
    return new Progress(options, ora({ stream: process.stderr, discardStdin: false }).start());
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  show(count: number, byteCount: number): void {
    if (this.#spinner) this.#spinner.text = this.#describe(count, byteCount);
  }

  end(): void {
    this.#spinner?.stop();
  }

  #describe(count: number, byteCount: number): string {
    const { one, many, total } = this.#options;
    const counted =
      total === undefined ? countOf(count, one, many) : `${formatCount(count)} of ${countOf(total, one, many)}`;
    return `${counted}, ${formatBytes(byteCount)}, ${formatRate(byteCount, this.elapsedMs)}`;
  }
}
