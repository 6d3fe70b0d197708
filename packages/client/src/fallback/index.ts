/** What stands in for a WebSocket where none can be had. Loaded when it is needed: `loadedCarrier(() => import(…))`. */
import type { OpenCarrier } from "../carrier.js";
import { systemTiming, type Timing } from "../timing.js";
import { pollCarrier } from "./poll-carrier.js";
import { sseCarrier } from "./sse-carrier.js";

export { probe } from "./probe.js";
export type { Carrier, CarrierCloseEvent, CarrierHandlers, OpenCarrier } from "../carrier.js";

/** @param timing @default the runtime's own */
export function openFallback(kind: "sse" | "poll", timing: Timing = systemTiming): OpenCarrier {
  return kind === "sse" ? sseCarrier(timing) : pollCarrier(timing);
}
