/**
 * One client id, one document: Yjs takes two that write under the same id for one, and what they write is lost or never
 * converges. Ids are random, but an application may set them, and a browser may duplicate a tab with all it remembers.
 */
import { removeAwarenessStates, type Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import type { Timing } from "../timing.js";
import { runtimeScope, takeLock, type LocksLike } from "./origin-scope.js";

export interface ClientIdOptions {
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly timing: Timing;
  /** @default the runtime's, if it has any */
  readonly locks?: LocksLike | undefined;
}

/**
 * Makes `doc.clientID` this document's own among the tabs of the origin: where another has it, this one gets a new id.
 * Resolves, with what gives the id up again, once that is certain; what is edited before may still be under the other's id.
 * Without locks nothing is claimed; tabs with a channel for the same document find out there.
 */
export async function claimClientId({
  locks = runtimeScope().locks,
  ...options
}: ClientIdOptions): Promise<() => void> {
  while (locks) {
    const { clientID } = options.doc;
    const release = await takeLock(locks, `syncline client ${clientID}`).catch(() => () => {});
    if (release && options.doc.clientID === clientID) return release;
    release?.();
    if (!release && options.doc.clientID === clientID) changeClientId(options);
  }
  return () => {};
}

/** A new random id for the document; the presence follows. What the document holds stays under the id it was written with. */
export function changeClientId({ doc, awareness, timing }: ClientIdOptions): void {
  const former = awareness.clientID;
  const state = awareness.getLocalState();
  const clock = awareness.meta.get(former)?.clock ?? 0;
  doc.clientID = awareness.clientID = Math.floor(timing.random() * 2 ** 32);
  // First the id, then the removal: as somebody else's it is not announced, for that other tab is still there.
  removeAwarenessStates(awareness, [former], "client id changed");
  awareness.meta.delete(former);
  // Nobody takes notice of a clock of 0.
  awareness.meta.set(awareness.clientID, { clock, lastUpdated: Date.now() });
  if (state) awareness.setLocalState(state);
}
