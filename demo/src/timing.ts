/** Time and chance, as the page has them; tests pass in their own. */
import type { Timing } from "@syncline/client";

export type { Timing };

export const pageTiming: Timing = {
  now: () => performance.now(),
  setTimer: (callback, delayMs) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
