/** What this client may do with the document, in words. Knows no other file. */

export interface DocumentAccess {
  /**
   * - `write`: everything
   * - `comment`: read everything, write to the root types in `roots` only; an edit of another is `rejected`
   * - `read`: read only
   * - `presence`: see who is there and be seen; nothing of the content arrives, and the document is never `synced`
   *
   * Below `comment` the provider keeps edits here: they stay `pending` and are sent when the server takes edits again.
   * `write` until the server has said otherwise; while there is no connection, what was the case last.
   */
  readonly level: "none" | "presence" | "read" | "comment" | "write";
  /** The server's sentence for a person, when something is the matter with it; `""` when there is nothing to explain. */
  readonly reason: string;
  /** The root types that may be written to, by name; `undefined`: all that `level` allows. */
  readonly roots?: readonly string[] | undefined;
}

const levels = ["none", "read", "write", "presence", "comment"] as const;

/** Of a number on the wire. One that a later version may have counts as `read`. */
export function accessLevel(access: number): DocumentAccess["level"] {
  return levels[access] ?? "read";
}

/** As the wire has them: a JSON list of names, or `""`. What is neither is taken for none. */
export function rootsIn(text: string): readonly string[] | undefined {
  if (text === "") return undefined;
  try {
    const roots: unknown = JSON.parse(text);
    return Array.isArray(roots) ? roots.map(String) : [];
  } catch {
    return [];
  }
}

/** Whether edits are sent to the server. */
export function isWritable({ level }: DocumentAccess): boolean {
  return level === "write" || level === "comment";
}

export function areEqual(left: DocumentAccess, right: DocumentAccess): boolean {
  return isSameRight(left, right) && left.reason === right.reason;
}

/** Whether both allow the same, for whatever reason. */
export function isSameRight(left: DocumentAccess, right: DocumentAccess): boolean {
  return left.level === right.level && JSON.stringify(left.roots) === JSON.stringify(right.roots);
}
