/** Where in a document's log this client stands: what it may claim when it comes back. */
import type { LogPosition } from "./local-copy.js";

export class Standing {
  #generation = "";
  #seq = 0;
  /** Once something was written, by PROTOCOL.md: content of one generation is never merged into another. */
  #isBinding = false;

  /** `""` while content of any generation may be merged with the document's. */
  get generation(): string {
    return this.#isBinding ? this.#generation : "";
  }

  /** What the server named it when it was opened last, binding or not. */
  get openedAs(): string {
    return this.#generation;
  }

  /** 0 while the document is not known to have everything up to anywhere. */
  get seq(): number {
    return this.#isBinding ? this.#seq : 0;
  }

  get position(): LogPosition {
    return { generation: this.generation, seq: this.seq };
  }

  /** The document's content was read from somewhere that knows its position. */
  startFrom({ generation, seq }: LogPosition): void {
    this.#generation = generation;
    this.#seq = seq;
    this.#isBinding = generation !== "";
  }

  /** Whether the document may be merged with the server's of this generation; `seq` is the last of its log. */
  accepts(generation: string, seq: number): boolean {
    if (this.#isBinding && generation !== this.#generation) return false;
    if (generation !== this.#generation) this.#seq = 0;
    this.#generation = generation;
    this.#isBinding ||= seq > 0;
    return true;
  }

  /** The document has everything up to `seq`. Returns whether that is news. */
  advance(seq: number): boolean {
    if (seq <= this.#seq) return false;
    this.#seq = seq;
    this.#isBinding = true;
    return true;
  }

  /** The document holds something of what is written in this generation. Returns whether that is news. */
  bind(): boolean {
    if (this.#isBinding) return false;
    return (this.#isBinding = true);
  }

  /** What the document has is to be found out by its state vector. */
  doubt(): void {
    this.#seq = 0;
  }
}
