/** Names, sizes and messages for a terminal. Names come from strangers: none may move the cursor or turn a line around. */

/** Also what cannot be seen but changes what is: directions, joiners, separators of lines. */
const unsafe = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/gu;

const escaped = (character: string) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;

/** A text of one line with everything unsafe escaped. */
export function printable(text: string): string {
  return text.replace(unsafe, escaped);
}

/** A name so that no two look alike: a backslash is doubled, as in a JavaScript string. */
export function printableName(name: string): string {
  return printable(name.replaceAll("\\", "\\\\"));
}

export function formatCount(count: number): string {
  return count.toLocaleString("en");
}

/** `3 documents`, `1 document`. */
export function countOf(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

export function formatBytes(byteCount: number): string {
  let value = byteCount;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (value < 1024) return `${unit === "B" ? value : value.toFixed(1)} ${unit}`;
    value /= 1024;
  }
  return `${value.toFixed(1)} TiB`;
}

export function formatRate(byteCount: number, elapsedMs: number): string {
  return `${formatBytes(Math.round((byteCount * 1000) / Math.max(elapsedMs, 1)))}/s`;
}
