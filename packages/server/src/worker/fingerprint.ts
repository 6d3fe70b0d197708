/**
 * Everything that two documents must have in common to count as the same: their structs and deletions byte for byte, and the
 * order in which their content stands. Runs in a document thread.
 */
import * as Y from "yjs";

export interface Fingerprint {
  /** `Y.encodeStateAsUpdate`: state vector, structs, delete set. */
  readonly state: Uint8Array;
  /** Two hashes over the order of all lists and the values of all keys: the state says where an item was put, not where it is. */
  readonly order: readonly [number, number];
}

export function fingerprintOf(doc: Y.Doc): Fingerprint {
  return { state: Y.encodeStateAsUpdate(doc), order: hashOrder(doc) };
}

export function areEqualFingerprints(left: Fingerprint, right: Fingerprint): boolean {
  return left.order[0] === right.order[0] && left.order[1] === right.order[1] && areEqualBytes(left.state, right.state);
}

export function areEqualBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  for (let index = 0; index < left.length; index++) if (left[index] !== right[index]) return false;
  return true;
}

type SharedType = Y.AbstractType<unknown>;

function hashOrder(doc: Y.Doc): [number, number] {
  const hash = new OrderHash();
  // Roots without content exist or not depending on who looked at them.
  const roots = [...doc.share].filter(([, type]) => type._start !== null || type._map.size > 0).sort(byKey);
  for (const [name, root] of roots) {
    hash.addString(name);
    hashTypes(hash, root as SharedType);
  }
  return hash.value;
}

/** A list of types still to do instead of recursion: documents can be nested deeper than the stack. */
function hashTypes(hash: OrderHash, root: SharedType): void {
  const types: SharedType[] = [root];
  for (let type = types.pop(); type !== undefined; type = types.pop()) {
    hash.addNumber(-1);
    for (let item = type._start; item !== null; item = item.right) hashItem(hash, item, types);
    for (const [key, current] of [...type._map].sort(byKey)) {
      hash.addString(key);
      for (let item: Y.Item | null = current; item !== null; item = item.left) hashItem(hash, item, types);
    }
  }
}

function hashItem(hash: OrderHash, item: Y.Item, types: SharedType[]): void {
  hash.addNumber(item.id.client);
  hash.addNumber(item.id.clock);
  hash.addNumber(item.length);
  if (item.content instanceof Y.ContentType) types.push(item.content.type as SharedType);
}

function byKey(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  if (left[0] === right[0]) return 0;
  return left[0] < right[0] ? -1 : 1;
}

/** Two 32-bit multiplicative hashes. Guards against our own mistakes, not against someone who looks for collisions. */
class OrderHash {
  #first = 0x811c9dc5;
  #second = 0x9e3779b9;

  get value(): [number, number] {
    return [this.#first >>> 0, this.#second >>> 0];
  }

  addNumber(value: number): void {
    this.#mix(value >>> 0);
    this.#mix(Math.floor(value / 0x100000000) >>> 0);
  }

  addString(value: string): void {
    this.#mix(value.length);
    for (let index = 0; index < value.length; index++) this.#mix(value.charCodeAt(index));
  }

  #mix(word: number): void {
    this.#first = Math.imul(this.#first ^ word, 0x01000193);
    this.#first ^= this.#first >>> 15;
    this.#second = Math.imul(this.#second ^ word, 0x85ebca6b);
    this.#second ^= this.#second >>> 13;
  }
}
