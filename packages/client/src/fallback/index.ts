/** What stands in for a WebSocket where none can be had. Loaded when it is needed. */
import type { OpenCarrier } from "../carrier.js";
import { systemTiming, type Timing } from "../timing.js";
import { ladderCarrier, type LadderCarrierOptions } from "./ladder-carrier.js";
import { pollCarrier } from "./poll-carrier.js";
import { probe } from "./probe.js";
import { sseCarrier } from "./sse-carrier.js";
import { TransportLadder } from "./transport-ladder.js";

export { probe } from "./probe.js";
export type { Carrier, CarrierCloseEvent, CarrierHandlers, OpenCarrier } from "../carrier.js";

/** @param timing @default the runtime's own */
export function openFallback(kind: "sse" | "poll", timing: Timing = systemTiming): OpenCarrier {
  return kind === "sse" ? sseCarrier(timing) : pollCarrier(timing);
}

/** Carriers by a ladder of their own. */
export interface FallbackLadder {
  readonly open: OpenCarrier;
  /** The network is another, perhaps. */
  woke(): void;
}

/** For who has tried a WebSocket twice, and could not have one. */
export function startLadder(options: Omit<LadderCarrierOptions, "ladder" | "loadFallback">): FallbackLadder {
  const hasStreams = typeof Response === "function" && "body" in Response.prototype;
  const ladder = new TransportLadder(hasStreams);
  const failed = { didOpen: false, wasAnswered: false };
  for (let i = 0; i < 2; i++) ladder.failed("websocket", failed, options.timing.now());
  const open = ladderCarrier({ ...options, ladder, loadFallback: async () => ({ openFallback, probe }) });
  return { open, woke: () => ladder.woke() };
}
