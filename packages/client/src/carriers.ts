/** What the next attempt to connect travels by. Code that most pages never need is loaded when it is. */
import type { OpenCarrier } from "./carrier.js";
import type { CheckedOptions } from "./options.js";
import { webSocketCarrier } from "./web-socket-carrier.js";

export function carrierFor({ WebSocketPolyfill, protocols }: CheckedOptions): OpenCarrier {
  return webSocketCarrier(WebSocketPolyfill, protocols);
}
