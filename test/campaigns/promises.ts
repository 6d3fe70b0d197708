/**
 * What clients were told about one document, and the comparison with what a fresh client reads. Promises are Yjs updates,
 * gathered in a document of their own: kept means that the fresh document lacks no struct and no deletion of it, and
 * that both show the same content.
 */
import { isDeepStrictEqual } from "node:util";
import * as Y from "yjs";

/**
 * - `durable`: an own edit that was acknowledged, by the `durable` event
 * - `saved`: all that a document held when `whenDurable` was called, once it resolved
 * - `seen`: an update the server sent to a client, of somebody else or at a return
 * - `read`: all that a fresh client read after a kill
 */
export type PromiseKind = "durable" | "saved" | "seen" | "read";

export interface Loss {
  readonly documentName: string;
  readonly reason: string;
}

export type PromiseCounts = Record<PromiseKind, number> & { byteCount: number };

export class Promises {
  readonly documentName: string;
  readonly counts: PromiseCounts = { durable: 0, saved: 0, seen: 0, read: 0, byteCount: 0 };
  #promised = new Y.Doc();

  constructor(documentName: string) {
    this.documentName = documentName;
  }

  /** Nothing was ever promised. */
  get isEmpty(): boolean {
    return this.#promised.store.clients.size === 0 && !hasPending(this.#promised);
  }

  tell(kind: PromiseKind, update: Uint8Array): void {
    Y.applyUpdate(this.#promised, update);
    this.counts[kind] += 1;
    this.counts.byteCount += update.length;
  }

  /** Whether `doc`, read by a fresh client, holds all that was promised. What it read is promised from now on. */
  check(doc: Y.Doc): Loss | undefined {
    const reason = lossIn(doc, this.#promised) ?? this.#differenceFrom(doc);
    if (reason === undefined) return undefined;
    // Later checks look for what is lost later.
    this.#promised = new Y.Doc();
    this.tell("read", Y.encodeStateAsUpdate(doc));
    return { documentName: this.documentName, reason };
  }

  /** Whether `doc` holds anything of what was promised: a document that was deleted must not. */
  isIn(doc: Y.Doc): boolean {
    return [...this.#promised.store.clients.keys()].some((clientId) => doc.store.clients.has(clientId));
  }

  #differenceFrom(doc: Y.Doc): string | undefined {
    this.tell("read", Y.encodeStateAsUpdate(doc));
    if (isDeepStrictEqual(contentOf(doc), contentOf(this.#promised))) return undefined;
    return "the same structs and deletions show other content";
  }
}

/** `undefined` when `doc` lacks nothing of `promised`. */
function lossIn(doc: Y.Doc, promised: Y.Doc): string | undefined {
  if (hasPending(doc)) return "what was read leans on something that was not";
  const before = Y.encodeStateVector(doc);
  const news: Uint8Array[] = [];
  const note = (update: Uint8Array) => news.push(update);
  doc.on("update", note);
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(promised));
  doc.off("update", note);
  if (news.length === 0 && !hasPending(doc)) return undefined;
  return `${describe(news, before)}${hasPending(doc) ? ", and what later promises lean on" : ""}`;
}

function describe(news: readonly Uint8Array[], before: Uint8Array): string {
  if (news.length === 0) return "lost: nothing that stands by itself";
  const { structs, ds } = Y.decodeUpdate(Y.mergeUpdates([...news]));
  const known = Y.decodeStateVector(before);
  const lost = structs.map(({ id, length }) => `${id.client}:${id.clock}+${length} (had ${known.get(id.client) ?? 0})`);
  return `lost: ${structs.length} structs ${lost.slice(0, 5).join(" ")}, deletions of ${ds.clients.size} clients`;
}

export function hasPending(doc: Y.Doc): boolean {
  return doc.store.pendingStructs !== null || doc.store.pendingDs !== null;
}

export function contentOf(doc: Y.Doc): unknown {
  return [doc.getText("text").toString(), doc.getMap("map").toJSON(), doc.getArray("list").toJSON()];
}
