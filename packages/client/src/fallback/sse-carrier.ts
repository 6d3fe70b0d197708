/** Frames down as server-sent events, read with `fetch`: in Node and in workers, too, and with the status when it fails. */
import { readFrames } from "@syncline/protocol";
import type { OpenCarrier } from "../carrier.js";
import type { Timing } from "../timing.js";
import { EventReader } from "./event-reader.js";
import { fromBase64 } from "./frame-list.js";
import { httpCarrier, SessionOver, type Downlink } from "./http-session.js";

/** A stream that lasted this long did not fail at once, whatever came over it. */
const stableMs = 1_000;

export function sseCarrier(timing: Timing): OpenCarrier {
  return httpCarrier(readEvents, timing);
}

async function readEvents(session: Downlink, progressed: () => void): Promise<never> {
  const startMs = session.timing.now();
  const { body } = await session.request("GET", "events", "text/event-stream");
  if (!body) throw new SessionOver(1006, "This runtime's fetch cannot read an answer while it arrives");
  const events = new EventReader();
  const reader = body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      for (const event of events.read(part.value)) {
        takeEvent(session, event);
        progressed();
      }
    }
  } finally {
    if (session.timing.now() - startMs >= stableMs) progressed();
  }
  throw new Error("The event stream ended");
}

function takeEvent(session: Downlink, { type, id, data }: { type: string; id: string; data: string }): void {
  if (type === "close") {
    const { code, reason } = JSON.parse(data) as { readonly code: number; readonly reason: string };
    throw new SessionOver(code, reason);
  }
  session.receive(readFrames(fromBase64(data)), Number(id));
  session.acknowledgeLater(data.length);
}
