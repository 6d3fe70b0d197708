/**
 * Keys of y-leveldb 0.1 and 0.2: a list of parts, each a string (0, its length in bytes as a varuint, UTF-8) or a number
 * (1, 32 bits big-endian). Of a document there are
 *
 *     "v1", name, "meta", metadata key      set by applications
 *     "v1", name, "update", clock           its updates, in the order of clock
 *     "v1_sv", name                         its state vector, at some time
 *
 * so all keys of one name lie together, names in the order of their length.
 */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";

export type KeyPart = string | number;

export interface KeyRange {
  readonly gte: Uint8Array;
  readonly lt: Uint8Array;
}

const stringPart = 0;
const numberPart = 1;

/** Invalid UTF-8 is an error, and a byte order mark is part of a name: the encoding of a name must lead back to its keys. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

export function encodeKey(parts: readonly KeyPart[]): Uint8Array {
  const to = encoding.createEncoder();
  for (const part of parts) {
    if (typeof part === "string") {
      encoding.writeUint8(to, stringPart);
      encoding.writeVarUint8Array(to, new TextEncoder().encode(part));
    } else {
      encoding.writeUint8(to, numberPart);
      for (let shift = 24; shift >= 0; shift -= 8) encoding.writeUint8(to, (part >>> shift) & 0xff);
    }
  }
  return encoding.toUint8Array(to);
}

/** The name in a key of `documentKeys`; `undefined` when it cannot be one that y-leveldb wrote. */
export function documentNameOfKey(key: Uint8Array): string | undefined {
  try {
    const from = decoding.createDecoder(key.subarray(startOfNames.length));
    return decoding.readUint8(from) === stringPart ? utf8.decode(decoding.readVarUint8Array(from)) : undefined;
  } catch {
    return undefined;
  }
}

const startOfNames = encodeKey(["v1"]);

/** All keys of documents, metadata included. There is no part of kind 2, so what follows "v1" is below that. */
export const documentKeys: KeyRange = { gte: startOfNames, lt: Uint8Array.of(...startOfNames, 2) };

/** One for each document, also when nothing else is left of it. */
export const stateVectorKeys: KeyRange = { gte: encodeKey(["v1_sv"]), lt: Uint8Array.of(...encodeKey(["v1_sv"]), 2) };

/** The updates of one document. y-leveldb keeps the last clock free. */
export function updateKeys(documentName: string): KeyRange {
  return {
    gte: encodeKey(["v1", documentName, "update", 0]),
    lt: encodeKey(["v1", documentName, "update", 0xffff_ffff]),
  };
}

/** Behind all keys of this document and before those of the next. */
export function endOfDocument(documentName: string): Uint8Array {
  return Uint8Array.of(...encodeKey(["v1", documentName]), 2);
}
