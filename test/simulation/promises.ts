/** What clients were told is on disk: which ids, and which deletions. Knows where nothing is kept. */
import * as Y from "yjs";

export class Promised {
  readonly #clocks = new Map<number, number>();
  readonly #deleted = new Map<number, Map<number, number>>();

  get clocks(): ReadonlyMap<number, number> {
    return this.#clocks;
  }

  add(update: Uint8Array): void {
    const { structs, ds } = Y.decodeUpdate(update);
    for (const { id, length } of structs) {
      this.#clocks.set(id.client, Math.max(this.#clocks.get(id.client) ?? 0, id.clock + length));
    }
    for (const [client, ranges] of ds.clients) {
      let known = this.#deleted.get(client);
      if (!known) this.#deleted.set(client, (known = new Map<number, number>()));
      for (const { clock, len } of ranges) known.set(clock, Math.max(known.get(clock) ?? 0, len));
    }
  }

  clone(): Promised {
    const copy = new Promised();
    for (const [client, clock] of this.#clocks) copy.#clocks.set(client, clock);
    for (const [client, ranges] of this.#deleted) copy.#deleted.set(client, new Map(ranges));
    return copy;
  }

  /** The first thing that `doc` lacks of it. */
  missingFrom(doc: Y.Doc): string | undefined {
    for (const [client, clock] of this.#clocks) {
      const has = Y.getState(doc.store, client);
      if (has < clock) return `of client ${client} it has ${has} ids instead of ${clock}`;
    }
    const { clients } = Y.createDeleteSetFromStructStore(doc.store);
    for (const [client, ranges] of this.#deleted) {
      const deleted = [...(clients.get(client) ?? [])].sort((a, b) => a.clock - b.clock);
      for (const [clock, length] of ranges) {
        const at = firstNotIn(deleted, clock, clock + length);
        if (at !== undefined) return `of client ${client} the id ${at} should be deleted`;
      }
    }
    return undefined;
  }
}

/** What a client at `clocks` would have to know, and `stateVector` does not. */
export function missingClock(
  clocks: ReadonlyMap<number, number>,
  stateVector: ReadonlyMap<number, number>,
): string | undefined {
  for (const [client, clock] of clocks) {
    const has = stateVector.get(client) ?? 0;
    if (has < clock) return `of client ${client} ${has} ids instead of ${clock}`;
  }
  return undefined;
}

function firstNotIn(ranges: readonly { readonly clock: number; readonly len: number }[], from: number, to: number) {
  let at = from;
  for (const { clock, len } of ranges) {
    if (clock > at) break;
    at = Math.max(at, clock + len);
    if (at >= to) return undefined;
  }
  return at < to ? at : undefined;
}
