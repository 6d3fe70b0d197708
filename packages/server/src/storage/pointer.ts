import type { Pointer } from "./storage.js";

/** Of a document without content. */
export function emptyPointer(generation: string): Pointer {
  return { generation, epoch: 0, coveredSeq: 0, segments: [], quarantinedCount: 0 };
}

/** Of all segments. */
export function snapshotBytesOf({ segments }: Pointer): number {
  return segments.reduce((sum, { byteLength }) => sum + byteLength, 0);
}
