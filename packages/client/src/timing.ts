/** Time and chance, passed in so that tests can hold them still. */

export interface Timing {
  /** Milliseconds that only grow; the zero point means nothing. */
  now(): number;
  /** Calls back once, `delayMs` from now. Returns what cancels it; cancelling twice, or too late, does nothing. */
  setTimer(callback: () => void, delayMs: number): () => void;
  /** At least 0, below 1. */
  random(): number;
}

/** The runtime's own. Reads its globals when called, not when imported. */
export const systemTiming: Timing = {
  now: () => performance.now(),
  setTimer(callback, delayMs) {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
