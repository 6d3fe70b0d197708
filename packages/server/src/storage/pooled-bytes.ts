/**
 * Bytes that live only until they are on disk, out of node's pool of small buffers. Small arrays of their own are dear here: when
 * LevelDB's binding looks at one, V8 moves it out of its heap, with an allocation and a finalizer for each.
 */
import { Buffer } from "node:buffer";

/** They hold anything at first. */
export function pooledBytes(length: number): Uint8Array {
  return plain(Buffer.allocUnsafe(length));
}

/** `text` in UTF-8, with this many bytes of anything around it. */
export function pooledUtf8(
  text: string,
  { before, after }: { readonly before: number; readonly after: number },
): Uint8Array {
  const bytes = Buffer.allocUnsafe(before + Buffer.byteLength(text) + after);
  bytes.write(text, before);
  return plain(bytes);
}

/** A slice of a Buffer would not be a copy. */
function plain({ buffer, byteOffset, length }: Buffer): Uint8Array {
  return new Uint8Array(buffer, byteOffset, length);
}
