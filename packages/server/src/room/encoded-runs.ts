/**
 * What a room got in one moment, for one kind of client: what an author wrote in a row is encoded once, and joined with the rest
 * of what a member is to have. Where many write at once, encoding anew what each of them lacks costs more than judging it.
 */
import { joinedBytes } from "../update/joined-bytes.js";
import type { LogItem } from "./log.js";
import type { Member } from "./member.js";

/** @param isLast what follows is not for the same member */
type EncodeRun = (updates: readonly Uint8Array[], isLast: boolean) => Uint8Array;

/** Neighbours by one author, and what they are encoded to where that was asked for. */
interface Run {
  readonly author: Member;
  readonly updates: Uint8Array[];
  bytes: Uint8Array | undefined;
  bytesAsLast: Uint8Array | undefined;
}

export class EncodedRuns {
  readonly #runs: readonly Run[];
  readonly #encode: EncodeRun;
  readonly #authors = new Set<Member>();
  #all: Uint8Array | undefined;

  constructor(items: readonly LogItem[], encode: EncodeRun) {
    this.#runs = runsOf(items);
    this.#encode = encode;
    for (const { author } of this.#runs) this.#authors.add(author);
  }

  /** All but its own: the very same bytes for all who wrote none of it. `undefined`: there is nothing. */
  for(member: Member): Uint8Array | undefined {
    if (!this.#authors.has(member)) return (this.#all ??= this.#join(this.#runs));
    return this.#authors.size > 1 ? this.#join(this.#runs.filter(({ author }) => author !== member)) : undefined;
  }

  #join(runs: readonly Run[]): Uint8Array | undefined {
    const last = runs.at(-1);
    if (!last || runs.length === 1) return last && this.#bytesOf(last, true);
    return joinedBytes(runs.map((run) => this.#bytesOf(run, run === last)));
  }

  #bytesOf(run: Run, isLast: boolean): Uint8Array {
    if (isLast) return (run.bytesAsLast ??= this.#encode(run.updates, true));
    return (run.bytes ??= this.#encode(run.updates, false));
  }
}

function runsOf(items: readonly LogItem[]): Run[] {
  const runs: Run[] = [];
  let last: Run | undefined;
  for (const { update, author } of items) {
    if (!update) continue;
    if (last?.author === author) last.updates.push(update);
    else runs.push((last = { author, updates: [update], bytes: undefined, bytesAsLast: undefined }));
  }
  return runs;
}
