/** How long a message takes over a bad network, as TCP makes it look from above: later, and never incomplete. */
import type { NetworkQuality } from "./conditions.js";

const packetBytes = 1_400;
/** What Linux waits at least before it sends again (RFC 6298 says a second; nobody does). */
const shortestTimeoutMs = 200;
const longestTimeoutMs = 60_000;
/** Then a network that never lets anything through would be a broken connection, which is not what this is about. */
const mostRetries = 15;

/** One way, until the last of its packets is there. */
export function transitMs(byteCount: number, quality: NetworkQuality, random: () => number): number {
  const packetCount = Math.max(1, Math.ceil(byteCount / packetBytes));
  let slowestMs = 0;
  for (let packet = 0; packet < packetCount; packet += 1) {
    slowestMs = Math.max(slowestMs, resendingMs(quality, random));
  }
  return quality.roundTripMs / 2 + slowestMs;
}

/** What the losses of one packet cost: each is noticed after a timeout, and each timeout is twice the one before. */
function resendingMs({ roundTripMs, lossPercent }: NetworkQuality, random: () => number): number {
  let waitedMs = 0;
  let timeoutMs = Math.max(shortestTimeoutMs, 2 * roundTripMs);
  for (let retry = 0; retry < mostRetries && random() * 100 < lossPercent; retry += 1) {
    waitedMs += timeoutMs;
    timeoutMs = Math.min(2 * timeoutMs, longestTimeoutMs);
  }
  return waitedMs;
}
