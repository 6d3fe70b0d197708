/** Everything that happened, in order: a digest of all of it, to compare two runs by, and the end of it, for who reads. */
import { createHash } from "node:crypto";

const keptLines = 60;

export class Trace {
  readonly #hash = createHash("sha256");
  readonly #last: string[] = [];
  readonly #listener: ((line: string) => void) | undefined;
  lineCount = 0;
  /** The first rule that was broken; the run ends with it. */
  #violation: string | undefined;
  /** How often each thing happened that a simulation is for. */
  readonly counts = new Map<string, number>();

  constructor(listener?: (line: string) => void) {
    this.#listener = listener;
  }

  note(nowMs: number, text: string): void {
    const line = `${nowMs.toFixed(3)} ${text}`;
    this.#hash.update(line);
    this.lineCount += 1;
    this.#last.push(line);
    if (this.#last.length > 2 * keptLines) this.#last.splice(0, keptLines);
    this.#listener?.(line);
  }

  count(name: string, by = 1): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + by);
  }

  violate(rule: string): void {
    this.#violation ??= rule;
  }

  get violation(): string | undefined {
    return this.#violation;
  }

  get end(): readonly string[] {
    return this.#last.slice(-keptLines);
  }

  /** Once only. */
  digest(): string {
    return this.#hash.digest("hex");
  }
}

/** A few characters that change when any of the bytes does. */
export function fingerprint(bytes: Uint8Array): string {
  let hash = 0x811c9dc5;
  // Of a large message the ends and a sample tell.
  const step = bytes.length > 4_096 ? 61 : 1;
  for (let at = 0; at < bytes.length; at += step) hash = Math.imul(hash ^ (bytes[at] as number), 0x01000193);
  return `${bytes.length}:${(hash >>> 0).toString(16)}`;
}
