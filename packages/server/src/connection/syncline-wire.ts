/** Writing to syncline clients: a frame holds as many messages as fit. */
import { encodeFrame, maxServerMessageBytes, maxUpdateHeaderBytes, type Message } from "@syncline/protocol";
import type { Wire } from "../room/channel.js";
import type { Framing } from "./transport.js";

/** @param maxFrameBytes a frame is larger only where a single update is */
export function createSynclineWire(frame: Framing, maxFrameBytes = maxServerMessageBytes): Wire {
  const one = (message: Message) => frame([encodeFrame([message])]);
  return {
    updates: (room, { after, upTo }, updates) => {
      const last = updates.at(-1);
      const toMessage = (update: Uint8Array): Message => ({
        type: "update",
        room,
        n: update === last ? upTo : after,
        update,
      });
      return frame(gather(updates, maxFrameBytes).map((group) => encodeFrame(group.map(toMessage))));
    },
    synced: (room, seq) => one({ type: "synced", room, seq }),
    presence: (room, update) => one({ type: "awareness", room, update }),
    event: (room, { kind, payload }) => one({ type: "event", room, kind, payload }),
  };
}

/** Neighbours together as far as a frame may reach; an update that is larger by itself goes alone. */
function gather(updates: readonly Uint8Array[], maxFrameBytes: number): Uint8Array[][] {
  const groups: Uint8Array[][] = [];
  let freeBytes = 0;
  for (const update of updates) {
    const byteCount = update.length + maxUpdateHeaderBytes;
    const group = groups.at(-1);
    if (group && byteCount <= freeBytes) {
      group.push(update);
      freeBytes -= byteCount;
    } else {
      groups.push([update]);
      freeBytes = maxFrameBytes - byteCount;
    }
  }
  return groups;
}
