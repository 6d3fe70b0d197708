/** Stands between clients and a server, and closes WebSockets with the code it is told to, as a server of any kind may. */
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import { WebSocket, WebSocketServer, type RawData } from "ws";

export interface ClosingProxy {
  /** As a server's: `ws://host:port`. */
  readonly url: string;
  /** Paths and queries that were asked for, in order. */
  readonly requests: readonly string[];
  /** Closes all that are open. */
  closeAll(code: number, reason: string): void;
  /** Resolves when nobody listens any more. */
  stop(): Promise<void>;
}

export async function closingProxy(serverUrl: string): Promise<ClosingProxy> {
  const proxy = new WebSocketServer({ port: 0, host: "127.0.0.1" });
  const requests: string[] = [];
  proxy.on("connection", (client, { url = "" }) => {
    requests.push(url);
    join(client, new WebSocket(serverUrl + url));
  });
  await once(proxy, "listening");
  const { port } = proxy.address() as AddressInfo;
  const stop = async () => {
    for (const client of proxy.clients) client.terminate();
    await new Promise<void>((resolve) => proxy.close(() => resolve()));
  };
  onTestFinished(stop);
  return {
    url: `ws://127.0.0.1:${port}`,
    requests,
    stop,
    closeAll: (code, reason) => {
      for (const client of proxy.clients) client.close(code, reason);
    },
  };
}

function join(client: WebSocket, server: WebSocket): void {
  const waiting: RawData[] = [];
  client.on("message", (frame) => {
    if (server.readyState === WebSocket.OPEN) server.send(frame);
    else waiting.push(frame);
  });
  server.on("open", () => {
    for (const frame of waiting.splice(0)) server.send(frame);
  });
  server.on("message", (frame) => client.send(frame));
  // An end of the one is an end of the other; how it came about does not matter here.
  for (const [one, other] of [
    [client, server],
    [server, client],
  ] as const) {
    one.on("error", () => undefined);
    one.on("close", () => other.terminate());
  }
}
