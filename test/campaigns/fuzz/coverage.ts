/**
 * Which code of the packages has run, as V8 counts it: by functions and blocks, asked through the inspector. Costs some
 * milliseconds whenever it is asked.
 */
import { type Profiler, Session } from "node:inspector/promises";

/** Characters of each script's source, by number of the script. */
export type Ground = Map<string, Set<number>>;

/** Blocks are told apart by where they begin. */
export class Coverage {
  readonly #session = new Session();
  readonly #measured: RegExp;
  /** 1: has run. A byte for each character of a script. */
  readonly #seen = new Map<string, Uint8Array>();
  #isOn = false;
  /** Characters of source that have run. */
  reached = 0;
  /** How long the last look took. */
  lookMs = 0;

  /** @param measured of which files, by URL */
  constructor(measured: RegExp) {
    this.#measured = measured;
  }

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post("Profiler.enable");
    await this.#session.post("Profiler.startPreciseCoverage", { callCount: true, detailed: true });
    this.#isOn = true;
  }

  async stop(): Promise<void> {
    if (!this.#isOn) return;
    this.#isOn = false;
    await this.#session.post("Profiler.stopPreciseCoverage");
    this.#session.disconnect();
  }

  /** What has run since the last look and never before: where each such stretch begins. */
  async look(): Promise<Ground> {
    const ground: Ground = new Map();
    for (const [script, ran] of await this.#ran()) {
      const seen = this.#seenOf(script, ran.length);
      const starts = new Set<number>();
      for (let at = 0; at < ran.length; at++) {
        if (ran[at] !== 1 || seen[at] === 1) continue;
        if (ran[at - 1] !== 1 || seen[at - 1] === 1 || starts.size === 0) starts.add(at);
      }
      // After the loop: what is marked on the way would hide where a stretch began.
      for (let at = 0; at < ran.length; at++) {
        if (ran[at] !== 1 || seen[at] === 1) continue;
        seen[at] = 1;
        this.reached += 1;
      }
      if (starts.size > 0) ground.set(script, starts);
    }
    return ground;
  }

  /** Takes out of `ground` what has run since the last look. Whether there was any. */
  async claim(ground: Ground): Promise<boolean> {
    let isAny = false;
    for (const [script, ran] of await this.#ran()) {
      const wanted = ground.get(script);
      if (!wanted) continue;
      for (const at of wanted) if (ran[at] === 1) isAny = wanted.delete(at);
      if (wanted.size === 0) ground.delete(script);
    }
    return isAny;
  }

  async #ran(): Promise<Map<string, Uint8Array>> {
    const startMs = performance.now();
    const { result } = await this.#session.post("Profiler.takePreciseCoverage");
    this.lookMs = performance.now() - startMs;
    const ran = new Map<string, Uint8Array>();
    for (const script of result) if (this.#measured.test(script.url)) ran.set(script.scriptId, painted(script));
    return ran;
  }

  #seenOf(script: string, length: number): Uint8Array {
    const known = this.#seen.get(script);
    if (known && known.length >= length) return known;
    const seen = new Uint8Array(length);
    if (known) seen.set(known);
    this.#seen.set(script, seen);
    return seen;
  }
}

/** Outer ranges first: an inner one says better how often its characters ran. */
function painted({ functions }: Profiler.ScriptCoverage): Uint8Array {
  const ranges = functions.flatMap((each) => each.ranges);
  ranges.sort((a, b) => a.startOffset - b.startOffset || b.endOffset - a.endOffset);
  const length = ranges.reduce((longest, { endOffset }) => Math.max(longest, endOffset), 0);
  const ran = new Uint8Array(length);
  for (const { startOffset, endOffset, count } of ranges) ran.fill(count > 0 ? 1 : 0, startOffset, endOffset);
  return ran;
}
