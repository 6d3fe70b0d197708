/**
 * Whether an update keeps to some of a document's root types. Looks at the document and changes nothing of it, so a refused
 * update leaves no trace. Knows what Yjs makes of ids; who may write where is the caller's.
 *
 * Every struct is to pass, so none has to be followed through the update: a struct that leans on another of the same update
 * stands where that one stands, which is judged itself. What remains are names, and ids that the document has.
 */
import * as Y from "yjs";
import { DeleteSet } from "../update/delete-set.js";
import { joinedBytes } from "../update/joined-bytes.js";
import { scanUpdate, type ScannedUpdate } from "../update/scan.js";
import type { RootCheck } from "./jobs.js";

type Type = Y.AbstractType<unknown>;

/** Under which root type the items of one document are. To be used for as long as the document is. */
export class RootIndex {
  readonly #doc: Y.Doc;
  /** Without it a struct under ten thousand nested types would cost ten thousand steps, each time. */
  readonly #names = new WeakMap<object, string>();

  constructor(doc: Y.Doc) {
    this.#doc = doc;
  }

  get doc(): Y.Doc {
    return this.#doc;
  }

  /** `undefined`: the document does not have the id, or has only that it was collected. */
  rootAt({ client, clock }: Y.ID): string | undefined {
    const structs = this.#doc.store.clients.get(client);
    if (structs === undefined || clock >= Y.getState(this.#doc.store, client)) return undefined;
    const struct = structs[Y.findIndexSS(structs, clock)];
    return struct instanceof Y.Item ? this.rootOf(struct) : undefined;
  }

  rootOf(item: Y.Item): string {
    const passed: Type[] = [];
    let type = item.parent as Type;
    let name = this.#names.get(type);
    while (name === undefined) {
      passed.push(type);
      if (type._item === null) {
        name = this.#nameOfRoot(type);
      } else {
        type = type._item.parent as Type;
        name = this.#names.get(type);
      }
    }
    for (const each of passed) this.#names.set(each, name);
    return name;
  }

  /** All names at once: a document may have very many, and each is asked for once. */
  #nameOfRoot(root: Type): string {
    for (const [name, type] of this.#doc.share) this.#names.set(type, name);
    const name = this.#names.get(root);
    if (name === undefined) throw new Error("an item is under a type that is not the document's");
    return name;
  }
}

/**
 * @param update causally closed over the document, with no struct that the document has already
 * @param roots the names, exactly
 */
export function checkRoots(update: Uint8Array, roots: readonly string[], index: RootIndex): RootCheck {
  const allowed = new Set(roots);
  const foreign = foreignRootWrittenTo(update, allowed, index);
  if (foreign !== undefined) return { kind: "outside", root: foreign };
  return checkDeletions(scanUpdate(update), allowed, index);
}

/**
 * Both origins count. Yjs takes the parent of the left one, and none at all where one of them was collected: then replicas that
 * collect nothing still see the other.
 */
function foreignRootWrittenTo(update: Uint8Array, allowed: ReadonlySet<string>, index: RootIndex): string | undefined {
  for (const struct of Y.decodeUpdate(update).structs) {
    // What comes as garbage stands nowhere.
    if (!(struct instanceof Y.Item)) continue;
    const parent: unknown = struct.parent;
    if (typeof parent === "string" && !allowed.has(parent)) return parent;
    for (const id of [struct.origin, struct.rightOrigin, parent]) {
      const root = id instanceof Y.ID ? index.rootAt(id) : undefined;
      if (root !== undefined && !allowed.has(root)) return root;
    }
  }
  return undefined;
}

/**
 * Deletions of what is elsewhere are left out, and refused only where they would show. Honest clients have such: what Yjs
 * deleted by itself, which a provider sends with all it knows to be deleted, and formatting marks that Yjs finds redundant when a remote
 * edit arrives (Yjs types/YText.js: `cleanupYTextAfterTransaction`), which it reports as edits of the one who received it.
 */
function checkDeletions(scanned: ScannedUpdate, allowed: ReadonlySet<string>, index: RootIndex): RootCheck {
  const { update, deletions, deleteSetOffset } = scanned;
  const kept = new DeleteSet();
  let deletedCount = 0;
  let keptCount = 0;
  const keep = (client: number, clock: number, end: number): void => {
    kept.add(client, clock, end);
    keptCount += end - clock;
  };
  for (let at = 0; at < deletions.length; at += 3) {
    const client = deletions[at] as number;
    const clock = deletions[at + 1] as number;
    const end = deletions[at + 2] as number;
    deletedCount += end - clock;
    const known = Y.getState(index.doc.store, client);
    for (const item of itemsIn(index.doc, client, clock, Math.min(end, known))) {
      const root = index.rootOf(item);
      if (allowed.has(root)) keep(client, Math.max(clock, item.id.clock), Math.min(end, item.id.clock + item.length));
      else if (!item.deleted && !(item.content instanceof Y.ContentFormat)) return { kind: "outside", root };
    }
    // The update's own.
    if (end > known) keep(client, Math.max(clock, known), end);
  }
  if (keptCount === deletedCount) return { kind: "within", update };
  return { kind: "within", update: joinedBytes([update.subarray(0, deleteSetOffset), kept.encode()]) };
}

/** All that has any of these ids. */
function* itemsIn(doc: Y.Doc, client: number, clock: number, end: number): Generator<Y.Item, void, undefined> {
  const structs = doc.store.clients.get(client);
  if (structs === undefined || clock >= end) return;
  for (let at = Y.findIndexSS(structs, clock); at < structs.length; at++) {
    const struct = structs[at];
    if (struct === undefined || struct.id.clock >= end) return;
    if (struct instanceof Y.Item) yield struct;
  }
}
