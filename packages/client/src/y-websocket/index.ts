/** The mode for servers that speak y-websocket only. Loaded when it is used. */
export { yWebsocketCarrier } from "./carrier.js";
