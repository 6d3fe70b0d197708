/** The line between one follower and the leader, at the leader's end: passes frames, and notices when the follower goes. */
import type { Carrier, CarrierCloseEvent, CarrierHandlers } from "../carrier.js";
import type { Timing } from "../timing.js";
import { queueForLock, type ChannelLike, type LocksLike } from "./origin-scope.js";

/** To the follower: a frame, the end, or a word. `accepted` is the leader's id. */
export type LeaderMessage = Uint8Array | CarrierCloseEvent | { readonly accepted: string } | "full" | "open";

/** From the follower. */
export type FollowerMessage = Uint8Array | "close";

export interface FollowerLineOptions {
  readonly channel: ChannelLike;
  readonly locks: LocksLike;
  /** The follower holds it for as long as it lives. */
  readonly lockName: string;
  readonly timing: Timing;
  readonly openStream: (handlers: CarrierHandlers) => Carrier;
}

/** The last words of a tab that left may come after the lock that it let go of. */
const lastWordsMs = 1_000;

export function serveFollower({ channel, locks, lockName, timing, openStream }: FollowerLineOptions): void {
  const tell = (message: LeaderMessage) => channel.postMessage(message);
  let hasSpoken = false;
  let cancelEnd = () => {};
  const leave = () => {
    cancelEnd();
    stopWatching();
    channel.close();
  };
  const stream = openStream({
    onOpen: () => tell("open"),
    onFrame: tell,
    onError: () => {},
    onClose: ({ code, reason }) => {
      tell({ code, reason });
      leave();
    },
  });
  const end = () => {
    stream.close();
    leave();
  };
  channel.onmessage = ({ data }: { readonly data: FollowerMessage }) => {
    if (data === "close") return end();
    hasSpoken = true;
    stream.send(data as Uint8Array<ArrayBuffer>);
  };
  const endSoon = () => {
    cancelEnd = timing.setTimer(end, lastWordsMs);
  };
  // A tab that crashed cannot say that it left.
  const onGranted = () => (hasSpoken ? endSoon() : end());
  const stopWatching = queueForLock(locks, lockName, { onGranted, onFailed: end });
}
