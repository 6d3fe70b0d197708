/** A client at the other end that reads all it is sent at once and says nothing. For tests. */
import { createSynclineWire } from "../src/connection/syncline-wire.js";
import type { Channel } from "../src/room/channel.js";

/** @param heard what the test listens to */
export function quietChannel(heard: Partial<Channel> = {}): Channel {
  return {
    wire: createSynclineWire(([frame]) => frame as Uint8Array),
    unsentBytes: 0,
    send: () => undefined,
    drained: () => Promise.resolve(),
    holdReading: () => () => undefined,
    ask: () => undefined,
    ack: () => undefined,
    setAccess: () => undefined,
    reject: () => undefined,
    leave: () => undefined,
    ...heard,
  };
}
