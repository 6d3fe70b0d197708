/** Values under keys, in the order of the keys. A key is a string, a character a byte: such strings sort as the bytes do. */
import type { KeyRange } from "@syncline/server/engine";

export class OrderedBytes {
  readonly #values: Map<string, Uint8Array>;
  #sorted: string[] | undefined;

  constructor(values: Map<string, Uint8Array> = new Map()) {
    this.#values = values;
  }

  get(key: string): Uint8Array | undefined {
    return this.#values.get(key);
  }

  apply(changes: readonly (readonly [key: string, value: Uint8Array | undefined])[]): void {
    for (const [key, value] of changes) {
      if (value) {
        if (!this.#values.has(key)) this.#sorted = undefined;
        this.#values.set(key, value);
      } else if (this.#values.delete(key)) this.#sorted = undefined;
    }
  }

  keysIn(range: KeyRange): string[] {
    this.#sorted ??= [...this.#values.keys()].sort();
    const [gt, gte, lt, lte] = [range.gt, range.gte, range.lt, range.lte].map((key) => key && OrderedBytes.textOf(key));
    return this.#sorted.filter(
      (key) =>
        (gt === undefined || key > gt) &&
        (gte === undefined || key >= gte) &&
        (lt === undefined || key < lt) &&
        (lte === undefined || key <= lte),
    );
  }

  clone(): OrderedBytes {
    return new OrderedBytes(new Map(this.#values));
  }

  static textOf(key: Uint8Array): string {
    return Buffer.from(key.buffer, key.byteOffset, key.byteLength).toString("latin1");
  }

  static bytesOf(key: string): Uint8Array {
    return Uint8Array.from(Buffer.from(key, "latin1"));
  }
}
