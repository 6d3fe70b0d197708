/** Looks whether a carrier opens, without using it: the way back from a fallback to WebSocket. */
import type { Carrier, OpenCarrier } from "../carrier.js";
import type { Timing } from "../timing.js";

const probeTimeoutMs = 10_000;

/** Whether `open` opens within 10 s. Closes what it opened. Never rejects. */
export function probe(open: OpenCarrier, url: string, timing: Timing): Promise<boolean> {
  return new Promise((resolve) => {
    let carrier: Carrier | undefined;
    const settle = (hasOpened: boolean) => {
      cancel();
      carrier?.close();
      resolve(hasOpened);
    };
    const cancel = timing.setTimer(() => settle(false), probeTimeoutMs);
    try {
      carrier = open(url, {
        onOpen: () => settle(true),
        onFrame: () => {},
        onError: () => {},
        onClose: () => settle(false),
      });
    } catch {
      // What cannot be made does not open.
      settle(false);
    }
  });
}
