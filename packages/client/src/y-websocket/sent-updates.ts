/**
 * Updates sent to a server that acknowledges none, until something it sends shows that it holds them: each update's last
 * struct of every client, and all its deletions, seen among what comes back. Knows no messages.
 *
 * What must stay true: an update counts as held only if its own content was seen, not because an answer came later than
 * it was sent. A server that drops edits (of a reader, say) answers all the same.
 */
import * as Y from "yjs";

interface SentUpdate {
  readonly n: number;
  /** Of the announced client id, after this update; 0 when it holds nothing of it. */
  readonly clock: number;
  /** By client: the end of its structs. All structs of an update reach the server together, so the last one speaks for all. */
  readonly unseenEnds: Map<number, number>;
  /** By client; ranges. */
  readonly unseenDeletions: Map<number, readonly Range[]>;
}

interface Range {
  readonly clock: number;
  readonly len: number;
}

export interface Held {
  /** All updates up to this one. */
  readonly n: number;
  /** The server's clock of the announced client id, as far as they tell. */
  readonly clock: number;
}

export class SentUpdates {
  readonly #clientId: number;
  #clock: number;
  /** By ascending n; the first one is not held. */
  #waiting: SentUpdate[] = [];

  /** @param stateVector what the server had before anything was sent */
  constructor(clientId: number, stateVector: Uint8Array) {
    this.#clientId = clientId;
    this.#clock = Y.decodeStateVector(stateVector).get(clientId) ?? 0;
  }

  get isEmpty(): boolean {
    return this.#waiting.length === 0;
  }

  /** Returns what is held now: an update without content is, unless one before it is not. */
  add(n: number, update: Uint8Array): Held | undefined {
    const { structs, ds } = Y.decodeUpdate(update);
    const unseenEnds = new Map(structs.map(({ id, length }) => [id.client, id.clock + length]));
    const clock = unseenEnds.get(this.#clientId) ?? 0;
    this.#waiting.push({ n, clock, unseenEnds, unseenDeletions: new Map(ds.clients) });
    return this.#takeHeld();
  }

  /** Takes an update that came from the server. Returns what is held since, if that is more than before. */
  see(update: Uint8Array): Held | undefined {
    if (this.isEmpty) return;
    const { structs, ds } = Y.decodeUpdate(update);
    for (const struct of structs) if (!(struct instanceof Y.Skip)) this.#seeStruct(struct);
    // Merged, so that a range the server has is within one of these.
    for (const [client, ranges] of Y.mergeDeleteSets([ds]).clients) this.#seeDeletions(client, ranges);
    return this.#takeHeld();
  }

  /**
   * The state vector whose answer shows what is held, and little else: it claims of this document's content all but the
   * end of what waits.
   */
  question(stateVector: Uint8Array): Uint8Array {
    const claimed = Y.decodeStateVector(stateVector);
    for (const { unseenEnds } of this.#waiting) {
      for (const [client, end] of unseenEnds) claimed.set(client, Math.min(claimed.get(client) ?? 0, end - 1));
    }
    return Y.encodeStateVector(claimed);
  }

  #seeStruct({ id: { client, clock }, length }: Y.AbstractStruct): void {
    for (const { unseenEnds } of this.#waiting) {
      const end = unseenEnds.get(client) ?? 0;
      if (clock < end && end <= clock + length) unseenEnds.delete(client);
    }
  }

  #seeDeletions(client: number, seen: readonly Range[]): void {
    for (const { unseenDeletions } of this.#waiting) {
      const unseen = unseenDeletions.get(client)?.filter((range) => !contains(seen, range));
      if (unseen && unseen.length > 0) unseenDeletions.set(client, unseen);
      else unseenDeletions.delete(client);
    }
  }

  #takeHeld(): Held | undefined {
    let held: Held | undefined;
    for (let first = this.#waiting[0]; first && isSeen(first); first = this.#waiting[0]) {
      this.#waiting.shift();
      this.#clock = Math.max(this.#clock, first.clock);
      held = { n: first.n, clock: this.#clock };
    }
    return held;
  }
}

function isSeen({ unseenEnds, unseenDeletions }: SentUpdate): boolean {
  return unseenEnds.size === 0 && unseenDeletions.size === 0;
}

/** Whether one of `ranges`, sorted and apart from each other, contains `wanted`. */
function contains(ranges: readonly Range[], wanted: Range): boolean {
  let [low, high] = [0, ranges.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((ranges[middle] as Range).clock <= wanted.clock) low = middle + 1;
    else high = middle;
  }
  const before = ranges[low - 1];
  return before !== undefined && wanted.clock + wanted.len <= before.clock + before.len;
}
