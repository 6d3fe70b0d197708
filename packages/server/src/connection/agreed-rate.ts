/**
 * How fast the edits of one client are to come, where its token says so, and how much it is behind. Only counts: who is not
 * read meanwhile is the business of paced-reading.ts.
 */
import { TokenBucket } from "../token-bucket.js";
import type { Rates } from "./authorize.js";

export class AgreedRate {
  /** A second's worth may come at once. */
  readonly #buckets: readonly { readonly bucket: TokenBucket; readonly isOfBytes: boolean }[];

  constructor({ updatesPerSecond, bytesPerSecond }: Rates, nowMs: number) {
    const bucketOf = (perSecond: number | undefined, isOfBytes: boolean) =>
      perSecond === undefined ? [] : [{ bucket: new TokenBucket(perSecond, perSecond, nowMs), isOfBytes }];
    this.#buckets = [...bucketOf(updatesPerSecond, false), ...bucketOf(bytesPerSecond, true)];
  }

  /** An update has come. It is taken whatever the rate, so that one above a second's worth is, too. */
  take(byteCount: number, nowMs: number): void {
    for (const { bucket, isOfBytes } of this.#buckets) {
      bucket.refill(nowMs);
      bucket.take(isOfBytes ? byteCount : 1);
    }
  }

  /** How long until what was taken beyond what there was has come in. */
  owedMs(nowMs: number): number {
    return Math.max(
      0,
      ...this.#buckets.map(({ bucket }) => {
        bucket.refill(nowMs);
        return bucket.msUntil(0);
      }),
    );
  }

  /** Whether it is as if nothing had come. */
  isFull(nowMs: number): boolean {
    return this.#buckets.every(({ bucket }) => {
      bucket.refill(nowMs);
      return bucket.isFull;
    });
  }
}
