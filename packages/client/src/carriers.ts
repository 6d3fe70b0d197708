/** What the next attempt to connect travels by. Code that most pages never need is loaded when it is. */
import { loadedCarrier, type OpenCarrier } from "./carrier.js";
import type { CheckedOptions } from "./options.js";
import { webSocketCarrier, type WebSocketLike } from "./web-socket-carrier.js";

export interface CarrierNeeds {
  /** The document's of this name, now. */
  readonly stateVector: (documentName: string) => Uint8Array;
  readonly onWebSocket: (webSocket: WebSocketLike) => void;
}

export function carrierFor(options: CheckedOptions, { stateVector, onWebSocket }: CarrierNeeds): OpenCarrier {
  const { protocol, serverUrl, resyncInterval, timing } = options;
  const openWebSocket = webSocketCarrier({ ...options, onWebSocket });
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
