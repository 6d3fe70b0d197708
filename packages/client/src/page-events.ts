/** What the runtime says about the network and the page, where it says such things: Node does not. */

export type PageEventTarget = Pick<EventTarget, "addEventListener" | "removeEventListener">;

export interface PageHandlers {
  /** The network is back, or the page is. */
  readonly onWake: () => void;
  /** The page goes away, perhaps for good. */
  readonly onHide: () => void;
}

/** The global object where it has events; React Native, for one, has a `window` without. */
export function findPageEventTarget(): PageEventTarget | null {
  return typeof globalThis.addEventListener === "function" ? globalThis : null;
}

/** Returns what stops listening. `unload` is left out: it keeps pages out of the back-forward cache. */
export function listenToPage(target: PageEventTarget | null, { onWake, onHide }: PageHandlers): () => void {
  if (!target) return () => {};
  const onVisibility = () => {
    if (globalThis.document?.visibilityState !== "hidden") onWake();
  };
  // A document's visibilitychange bubbles to its window.
  const listeners = { online: onWake, pageshow: onWake, visibilitychange: onVisibility, pagehide: onHide };
  for (const [name, listener] of Object.entries(listeners)) target.addEventListener(name, listener);
  return () => {
    for (const [name, listener] of Object.entries(listeners)) target.removeEventListener(name, listener);
  };
}
