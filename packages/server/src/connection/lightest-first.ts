/**
 * What waits, the lightest at hand: putting something in and taking the lightest out takes steps by the logarithm of how much
 * there is. Of what weighs the same, what came first is first.
 */

interface Entry<Item> {
  readonly item: Item;
  readonly weight: number;
  /** Which of all that were put in it is. */
  readonly order: number;
}

export class LightestFirst<Item> {
  /** A binary heap: what is at `index` comes before what is at `2 * index + 1` and the one after. */
  readonly #heap: Entry<Item>[] = [];
  #putCount = 0;
  #comparedCount = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** How often two were compared so far. */
  get comparedCount(): number {
    return this.#comparedCount;
  }

  /** `undefined` when there is none. */
  get first(): Item | undefined {
    return this.#heap[0]?.item;
  }

  /** @param weight as it stays while the item is here */
  put(item: Item, weight: number): void {
    const entry = { item, weight, order: ++this.#putCount };
    let index = this.#heap.length;
    while (index > 0) {
      const parentIndex = (index - 1) >> 1;
      const parent = this.#heap[parentIndex];
      if (!parent || !this.#isBefore(entry, parent)) break;
      this.#heap[index] = parent;
      index = parentIndex;
    }
    this.#heap[index] = entry;
  }

  takeFirst(): Item | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (last && last !== first) this.#sink(last);
    return first?.item;
  }

  /** Puts `entry` to its place, from the top on, which is free. */
  #sink(entry: Entry<Item>): void {
    let index = 0;
    for (;;) {
      const childIndex = this.#lighterOf(2 * index + 1);
      const child = this.#heap[childIndex];
      if (!child || this.#isBefore(entry, child)) break;
      this.#heap[index] = child;
      index = childIndex;
    }
    this.#heap[index] = entry;
  }

  /** The index of the lighter of two neighbours. */
  #lighterOf(index: number): number {
    const left = this.#heap[index];
    const right = this.#heap[index + 1];
    return left && right && this.#isBefore(right, left) ? index + 1 : index;
  }

  #isBefore(a: Entry<Item>, b: Entry<Item>): boolean {
    this.#comparedCount += 1;
    return a.weight < b.weight || (a.weight === b.weight && a.order < b.order);
  }
}
