/** Writing to y-websocket clients: one y-protocols message a frame. */
import { encodeYWebsocketMessage } from "@syncline/protocol";
import type { Wire } from "../room/channel.js";
import { SharedFrames } from "./shared-frames.js";
import type { Framing } from "./transport.js";

/** An update that says nothing: no structs, no deletions. */
const emptyUpdate = Uint8Array.of(0, 0);

export function createYWebsocketWire(frame: Framing): Wire {
  // The same for every client and document: after the content was sent, step2 has nothing left to say.
  const synced = frame([encodeYWebsocketMessage({ type: "sync-step-2", update: emptyUpdate })]);
  const sharedFrames = new SharedFrames();
  const one = (update: Uint8Array) => frame([encodeYWebsocketMessage({ type: "update", update })]);
  return {
    // Neither the room nor its log is named in it: a single update is always the same.
    updates: (_room, _seq, updates) => {
      const [first] = updates;
      if (first && updates.length === 1) return sharedFrames.of(first, one);
      return frame(updates.map((update) => encodeYWebsocketMessage({ type: "update", update })));
    },
    synced: () => synced,
    presence: (_room, update) => frame([encodeYWebsocketMessage({ type: "awareness", update })]),
    event: () => undefined,
  };
}
