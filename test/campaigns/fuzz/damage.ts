/** What a disk, or somebody with access to it, may do to a store. */
import type { Entry } from "@syncline/server/engine";
import { changed, hexOf } from "./byte-changes.js";
import { payloadOf, sealed } from "./sealed-value.js";
import type { Tape } from "./tape.js";

export interface Damage {
  readonly kind: "changed" | "random" | "swapped" | "moved" | "removed" | "added" | "forged";
  /** Keys concerned. */
  readonly keys: readonly Uint8Array[];
}

type Entries = Map<string, Entry>;

const kinds = ["changed", "random", "swapped", "moved", "removed", "added", "forged", "forged"] as const;
/**
 * Of keys: contents, format, import, owners, quarantine, record, segment. Neither pointer nor tombstone: with both, which no crash
 * leaves, a document is neither there nor gone.
 */
const keyKinds = [0x63, 0x66, 0x69, 0x6f, 0x71, 0x72, 0x73];

/** Changes `entries`. */
export function someDamage(tape: Tape, entries: Entries): Damage {
  const all = [...entries.values()];
  const [key, value] = tape.pick(all);
  const [otherKey, otherValue] = tape.pick(all);
  const kind = tape.pick(kinds);
  tape.say(() => `${kind}: ${nameOf(key)} = ${hexOf(value.subarray(0, 40))}`);
  switch (kind) {
    case "changed":
      put(entries, key, changed(tape, value, otherValue));
      return { kind, keys: [key] };
    case "random":
      put(entries, key, tape.bytes(tape.int(30)));
      return { kind, keys: [key] };
    case "swapped":
      put(entries, key, otherValue);
      put(entries, otherKey, value);
      return { kind, keys: [key, otherKey] };
    case "moved":
      put(entries, otherKey, value);
      return { kind, keys: [otherKey] };
    case "removed":
      entries.delete(textOf(key));
      return { kind, keys: [key] };
    case "added": {
      const added = changedKey(tape, key);
      tape.say(() => `  as ${nameOf(added)}`);
      put(entries, added, tape.chance(0.5) ? value : tape.bytes(tape.int(20)));
      return { kind, keys: [added] };
    }
    case "forged":
      put(entries, key, sealed(key, value[0] ?? 1, changed(tape, payloadOf(value), payloadOf(otherValue))));
      return { kind, keys: [key] };
  }
}

/** Of another kind, or with another number. */
function changedKey(tape: Tape, key: Uint8Array): Uint8Array {
  const copy = key.slice();
  if (tape.chance(0.5)) copy[0] = tape.pick(keyKinds);
  else copy[copy.length - 1] = tape.int(256);
  return copy;
}

/** For people: what is no letter as its number. */
function nameOf(key: Uint8Array): string {
  return Array.from(key, (byte) => (byte > 0x1f && byte < 0x7f ? String.fromCharCode(byte) : `\\${byte}`)).join("");
}

function put(entries: Entries, key: Uint8Array, value: Uint8Array): void {
  entries.set(textOf(key), [key, value]);
}

export function textOf(key: Uint8Array): string {
  return String.fromCharCode(...key);
}
