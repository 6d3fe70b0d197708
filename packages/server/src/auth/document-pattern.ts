/**
 * Which documents a pattern names, and which of several patterns says it most exactly. A pattern comes with a token, from whoever
 * may make tokens: no regular expression is made of it, and matching takes as many steps as pattern times name is long, at most.
 */

/** A part of a pattern: as it stands, any characters but "/", or any characters. */
type Part = { readonly kind: "text"; readonly text: string } | { readonly kind: "segment" } | { readonly kind: "any" };

/** Longer than any name with a star before and after each of its characters. */
export const maxPatternLength = 1024;

const stars = /\*+/g;

export class DocumentPattern {
  readonly #parts: readonly Part[];

  /** @param pattern a name, in which `*` is any characters but "/", or none, and `**` any characters, or none */
  constructor(pattern: string) {
    this.#parts = partsOf(pattern);
  }

  matches(documentName: string): boolean {
    /** After which of the name's characters the parts so far may end. */
    let ends: boolean[] = [true, ...Array<boolean>(documentName.length).fill(false)];
    for (const part of this.#parts) {
      ends = part.kind === "text" ? afterText(ends, documentName, part.text) : afterStar(ends, documentName, part.kind);
    }
    return ends[documentName.length] === true;
  }

  /**
   * Above 0 when this one says more exactly than `other` what it names. A name comes before all patterns; then the longer text
   * before the first star counts, then more text in all, then fewer `**`, then fewer `*`.
   */
  compareTo(other: DocumentPattern): number {
    const [mine, theirs] = [this.#exactness, other.#exactness];
    return mine.map((value, index) => value - (theirs[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
  }

  get #exactness(): readonly number[] {
    const [first] = this.#parts;
    const count = (kind: Part["kind"]) => this.#parts.filter((part) => part.kind === kind).length;
    const textLength = this.#parts.reduce((sum, part) => sum + (part.kind === "text" ? part.text.length : 0), 0);
    const starCount = count("segment") + count("any");
    const prefixLength = first?.kind === "text" ? first.text.length : 0;
    return [starCount === 0 ? 1 : 0, prefixLength, textLength, -count("any"), -starCount];
  }
}

function partsOf(pattern: string): Part[] {
  const parts: Part[] = [];
  let offset = 0;
  for (const { 0: run, index } of pattern.matchAll(stars)) {
    if (index > offset) parts.push({ kind: "text", text: pattern.slice(offset, index) });
    parts.push({ kind: run.length === 1 ? "segment" : "any" });
    offset = index + run.length;
  }
  if (offset < pattern.length) parts.push({ kind: "text", text: pattern.slice(offset) });
  return parts;
}

function afterText(ends: readonly boolean[], name: string, text: string): boolean[] {
  return ends.map((_, end) => ends[end - text.length] === true && name.startsWith(text, end - text.length));
}

function afterStar(ends: readonly boolean[], name: string, kind: "segment" | "any"): boolean[] {
  let isReached = false;
  return ends.map((isEnd, end) => {
    // It goes on from the character before, unless that is where a segment ends.
    if (kind === "segment" && name[end - 1] === "/") isReached = false;
    return (isReached ||= isEnd);
  });
}
