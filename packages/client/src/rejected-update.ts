/** What the server did not take and never will. Knows no other file. */

/** Edits the server does not take. They are in the local document, and nowhere else. */
export interface RejectedUpdate {
  /** A Yjs v1 update: the one that was refused first, or, when the document is another one by now, all of the local content. */
  readonly update: Uint8Array;
  /** 4403 forbidden, 4404 deleted, 4409 replaced by another generation, 4413 too large. */
  readonly code: number;
  readonly reason: string;
}
