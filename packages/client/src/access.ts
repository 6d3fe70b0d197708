/** What this client may do with the document, in words. Knows no other file. */

export interface DocumentAccess {
  /**
   * Below `write` the provider keeps edits here: they stay `pending` and are sent when the server takes edits again.
   * `write` until the server has said otherwise; while there is no connection, what was the case last.
   */
  readonly level: "none" | "read" | "write";
  /** The server's sentence for a person, when something is the matter with it; `""` when there is nothing to explain. */
  readonly reason: string;
}

const levels = ["none", "read", "write"] as const;

/** Of a number on the wire. One that a later version may have counts as `read`. */
export function accessLevel(access: number): DocumentAccess["level"] {
  return levels[access] ?? "read";
}
