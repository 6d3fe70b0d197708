/** What the next attempt to connect travels by. Code that most pages never need is loaded when it is. */
import { loadedCarrier, type OpenCarrier } from "./carrier.js";
import type { CheckedOptions } from "./options.js";
import { webSocketCarrier } from "./web-socket-carrier.js";

/** @param stateVector the document's of this name, now */
export function carrierFor(options: CheckedOptions, stateVector: (documentName: string) => Uint8Array): OpenCarrier {
  const { WebSocketPolyfill, protocols, protocol, serverUrl, resyncInterval, timing } = options;
  const openWebSocket = webSocketCarrier(WebSocketPolyfill, protocols);
  if (protocol === "y-websocket") {
    const params = () => options.params;
    return loadedCarrier(async () => {
      const { yWebsocketCarrier } = await import("./y-websocket/carrier.js");
      return yWebsocketCarrier({
        serverUrl,
        params,
        openWebSocket,
        stateVector,
        resyncIntervalMs: resyncInterval,
        timing,
      });
    });
  }
  return openWebSocket;
}
