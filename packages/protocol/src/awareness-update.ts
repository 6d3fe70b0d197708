/**
 * An awareness update (y-protocols 1.0, awareness.js): a count, then per client its Yjs client id, a clock that grows
 * with each change, and its state as JSON, `null` when it is gone.
 */
import * as encoding from "lib0/encoding";
import { ByteReader } from "./byte-reader.js";
import { ProtocolError } from "./error.js";

export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  /** JSON text, not parsed; `"null"` when the client is gone. */
  readonly state: string;
}

/** @throws {ProtocolError} `malformed-message`, also for bytes after the last entry. */
export function decodeAwarenessUpdate(update: Uint8Array): AwarenessEntry[] {
  const from = new ByteReader(update);
  const count = from.readVarUint();
  // The smallest entry is 3 bytes; a count beyond that would only announce entries that cannot be there.
  if (count * 3 > update.length) throw new ProtocolError("malformed-message", "more awareness entries than bytes");
  const entries: AwarenessEntry[] = [];
  for (let i = 0; i < count; i++) {
    entries.push({ clientId: from.readVarUint(), clock: from.readVarUint(), state: from.readVarString() });
  }
  if (!from.isAtEnd) throw new ProtocolError("malformed-message", "bytes after the last awareness entry");
  return entries;
}

export function encodeAwarenessUpdate(entries: readonly AwarenessEntry[]): Uint8Array {
  const to = encoding.createEncoder();
  encoding.writeVarUint(to, entries.length);
  for (const { clientId, clock, state } of entries) {
    encoding.writeVarUint(to, clientId);
    encoding.writeVarUint(to, clock);
    encoding.writeVarString(to, state);
  }
  return encoding.toUint8Array(to);
}
