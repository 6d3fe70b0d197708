/** Writing to syncline clients: a frame holds as many messages as fit. */
import { encodeFrame, maxServerMessageBytes, maxUpdateHeaderBytes, type Message } from "@syncline/protocol";
import type { Wire } from "../room/channel.js";
import type { Framing } from "./transport.js";

export function createSynclineWire(frame: Framing): Wire {
  const one = (message: Message) => frame([encodeFrame([message])]);
  return {
    updates: (room, n, updates) =>
      frame(gather(updates).map((group) => encodeFrame(group.map((update) => ({ type: "update", room, n, update }))))),
    synced: (room, seq) => one({ type: "synced", room, seq }),
    presence: (room, update) => one({ type: "awareness", room, update }),
  };
}

/** Neighbours together as far as a frame may reach; an update that is larger by itself goes alone. */
function gather(updates: readonly Uint8Array[]): Uint8Array[][] {
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
      freeBytes = maxServerMessageBytes - byteCount;
    }
  }
  return groups;
}
