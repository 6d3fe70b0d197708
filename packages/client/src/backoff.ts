/**
 * How long to wait before the next attempt: exponential backoff with full jitter
 * (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/), so that the clients of a server that
 * restarts do not all return in the same moment.
 */

export interface BackoffLimits {
  /** Upper bound of the first pause. */
  readonly baseMs: number;
  /** Upper bound of every pause. */
  readonly capMs: number;
}

/**
 * A pause in milliseconds, from 0 up to, not including, `baseMs * 2^(failureCount - 1)` or `capMs`.
 *
 * @param failureCount attempts that failed in a row, 1 or more
 * @param random at least 0, below 1
 */
export function backoffMs(failureCount: number, random: number, { baseMs, capMs }: BackoffLimits): number {
  const ceilingMs = Math.min(capMs, baseMs * 2 ** Math.max(0, failureCount - 1));
  return Math.floor(random * ceilingMs);
}
