/** Time as a parameter, so that rooms and queues can run under a simulated clock. */

export interface Timers {
  /** Milliseconds, monotonic, from an arbitrary origin. */
  now(): number;
  /** Calls back once after `delayMs`; the returned function cancels. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back after the I/O that is already waiting was handled. */
  soon(callback: () => void): void;
}

export const systemTimers: Timers = {
  now: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs);
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
};
