/**
 * An awareness update (y-protocols 1.0, awareness.js): a count, then per client its Yjs client id, a clock that grows
 * with each change, and its state as JSON, `null` when it is gone.
 */
import * as encoding from "lib0/encoding";
import { ByteReader } from "./byte-reader.js";
import { ProtocolError } from "./error.js";
import { varUintBytes, writeVarUint } from "./var-uint.js";

export interface AwarenessEntry {
  readonly clientId: number;
  readonly clock: number;
  /** JSON text, not parsed; `"null"` when the client is gone. */
  readonly state: string;
}

/** As an entry travels. */
export interface AwarenessEntryBytes {
  readonly clientId: number;
  readonly clock: number;
  /** The JSON's bytes, not looked at: not even whether they are UTF-8. When it was decoded, a view into the update. */
  readonly state: Uint8Array;
}

/** The smallest entry: a byte each for the id, the clock and the length of nothing. */
const minEntryBytes = 3;

/** @throws {ProtocolError} `malformed-message`, also for bytes after the last entry. */
export function decodeAwarenessUpdate(update: Uint8Array): AwarenessEntry[] {
  return readEntries(update, (from) => ({
    clientId: from.readVarUint(),
    clock: from.readVarUint(),
    state: from.readVarString(),
  }));
}

/**
 * For who needs few of the entries: a room's clients repeat what they hear.
 *
 * @throws {ProtocolError} `malformed-message`, also for bytes after the last entry, and for more than `maxCount` entries.
 */
export function decodeAwarenessBytes(update: Uint8Array, maxCount: number): AwarenessEntryBytes[] {
  const readEntry = (from: ByteReader) => ({
    clientId: from.readVarUint(),
    clock: from.readVarUint(),
    state: from.readVarBytes(),
  });
  return readEntries(update, readEntry, maxCount);
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

/** One entry, for `joinAwarenessEntries`. It ends with the state. */
export function encodeAwarenessEntry({ clientId, clock, state }: AwarenessEntryBytes): Uint8Array {
  const { length } = state;
  const stateAt = varUintBytes(clientId) + varUintBytes(clock) + varUintBytes(length);
  const entry = new Uint8Array(stateAt + length);
  const clockAt = writeVarUint(entry, 0, clientId);
  writeVarUint(entry, writeVarUint(entry, clockAt, clock), length);
  entry.set(state, stateAt);
  return entry;
}

/** An awareness update of `entries`, each of another client. */
export function joinAwarenessEntries(entries: readonly Uint8Array[]): Uint8Array {
  const countBytes = varUintBytes(entries.length);
  const update = new Uint8Array(entries.reduce((sum, entry) => sum + entry.length, countBytes));
  let position = writeVarUint(update, 0, entries.length);
  for (const entry of entries) {
    update.set(entry, position);
    position += entry.length;
  }
  return update;
}

function readEntries<Entry>(update: Uint8Array, readEntry: (from: ByteReader) => Entry, maxCount = Infinity): Entry[] {
  const from = new ByteReader(update);
  const count = from.readVarUint();
  if (count > maxCount) throw new ProtocolError("malformed-message", "more awareness entries than a room may have");
  // A count beyond that would only announce entries that cannot be there.
  if (count * minEntryBytes > update.length) {
    throw new ProtocolError("malformed-message", "more awareness entries than bytes");
  }
  const entries: Entry[] = [];
  for (let i = 0; i < count; i++) entries.push(readEntry(from));
  if (!from.isAtEnd) throw new ProtocolError("malformed-message", "bytes after the last awareness entry");
  return entries;
}
