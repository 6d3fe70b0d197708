/** Frames down by long polling: for proxies that hold an answer back until it is complete, and runtimes without streams. */
import { readFrames } from "@syncline/protocol";
import type { OpenCarrier } from "../carrier.js";
import type { Timing } from "../timing.js";
import { httpCarrier, type Downlink } from "./http-session.js";

/** The server waits some 20 s before it answers that there is nothing; who says so sooner is not the server. */
const minWaitMs = 1_000;

export function pollCarrier(timing: Timing): OpenCarrier {
  return httpCarrier(poll, timing);
}

async function poll(session: Downlink, progressed: () => void): Promise<never> {
  for (;;) {
    const startMs = session.timing.now();
    const hasWaited = () => session.timing.now() - startMs >= minWaitMs;
    try {
      const frames = await ask(session);
      if (frames.length === 0 && !hasWaited()) throw new Error("A poll was answered at once");
      session.receive(frames, session.receivedNumber + frames.length);
      progressed();
    } finally {
      // A proxy that cuts what is idle did it, or nobody is there: that is for the heartbeat to find out.
      if (hasWaited()) progressed();
    }
  }
}

async function ask(session: Downlink): Promise<Uint8Array[]> {
  const response = await session.request("POST", "poll", "application/octet-stream");
  return readFrames(new Uint8Array(await response.arrayBuffer()));
}
