/** What stands between a client and a server and does it harm, each as a real proxy on a port of its own. */
import { once } from "node:events";
import { createServer, request, type IncomingMessage, type ServerResponse } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from "node:net";
import { onTestFinished } from "vitest";

export interface Proxy {
  /** As a server's: `ws://host:port`. */
  readonly url: string;
}

/** Passes HTTP on, and refuses to become a tunnel: no WebSocket opens. */
export function refusingProxy(serverUrl: string): Promise<Proxy> {
  return httpProxy((asked, response) => forward(serverUrl, asked, response, (answer) => answer.pipe(response)));
}

export interface BufferingProxy extends Proxy {
  /** Resolves once it holds an answer in which `text` stands. */
  holds(text: RegExp): Promise<void>;
}

/** Keeps each answer to itself until it is complete: no stream comes through. Refuses upgrades, too. */
export async function bufferingProxy(serverUrl: string): Promise<BufferingProxy> {
  let watchers: (() => void)[] = [];
  const held = new Set<{ text: string }>();
  const proxy = await httpProxy((asked, response) =>
    forward(serverUrl, asked, response, (answer) => {
      const parts: Buffer[] = [];
      const holding = { text: "" };
      held.add(holding);
      answer.on("data", (part: Buffer) => {
        parts.push(part);
        holding.text += part.toString("latin1");
        for (const look of watchers.splice(0)) look();
      });
      answer.on("close", () => {
        held.delete(holding);
        response.end(Buffer.concat(parts));
      });
    }),
  );
  const holds = async (text: RegExp) => {
    while (![...held].some((holding) => text.test(holding.text))) {
      await new Promise<void>((resolve) => void watchers.push(resolve));
    }
  };
  onTestFinished(() => void (watchers = []));
  return { ...proxy, holds };
}

export interface CuttingProxy extends Proxy {
  readonly cutCount: number;
  /** Resolves once so many connections were cut. */
  hasCut(count: number): Promise<void>;
}

/** Cuts a connection over which nothing went for `idleMs`. */
export function idleCuttingProxy(serverUrl: string, idleMs = 2_000): Promise<CuttingProxy> {
  return cuttingProxy(serverUrl, (client, cut) => {
    client.setTimeout(idleMs, cut);
  });
}

/**
 * Cuts every connection after some bytes, in the one or the other direction, or after some time: in the middle of whatever
 * it was that went over it.
 */
export function randomlyCuttingProxy(serverUrl: string, random: () => number): Promise<CuttingProxy> {
  return cuttingProxy(serverUrl, (client, cut) => {
    let bytesLeft = Math.floor(random() * 4_000);
    const count = (part: Buffer) => {
      bytesLeft -= part.length;
      if (bytesLeft < 0) cut();
    };
    client.on("data", count);
    const timer = setTimeout(cut, random() * 150);
    client.once("close", () => clearTimeout(timer));
    return count;
  });
}

/** @param arm is given the client's socket; may return what looks at each part the server sends, before it is passed on */
async function cuttingProxy(
  serverUrl: string,
  arm: (client: Socket, cut: () => void) => ((part: Buffer) => void) | void,
): Promise<CuttingProxy> {
  const { hostname, port } = new URL(serverUrl);
  let cutCount = 0;
  let watchers: (() => void)[] = [];
  const proxy = createTcpServer((client) => {
    const server = connect(Number(port), hostname);
    const end = () => {
      client.destroy();
      server.destroy();
    };
    const onPart = arm(client, () => {
      if (client.destroyed) return;
      cutCount += 1;
      end();
      for (const look of watchers.splice(0)) look();
    });
    for (const socket of [client, server]) socket.on("error", end).on("close", end);
    client.on("data", (part) => void (server.destroyed || server.write(part)));
    server.on("data", (part) => {
      onPart?.(part);
      if (!client.destroyed) client.write(part);
    });
    onTestFinished(end);
  });
  const { url } = await listening(proxy);
  return {
    url,
    get cutCount() {
      return cutCount;
    },
    async hasCut(count) {
      while (cutCount < count) await new Promise<void>((resolve) => void watchers.push(resolve));
      watchers = [];
    },
  };
}

async function httpProxy(handle: (asked: IncomingMessage, response: ServerResponse) => void): Promise<Proxy> {
  const proxy = createServer(handle);
  proxy.on("upgrade", (_, socket) => {
    socket.end("HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
  });
  const listens = await listening(proxy);
  onTestFinished(() => proxy.closeAllConnections());
  return listens;
}

function forward(
  serverUrl: string,
  asked: IncomingMessage,
  response: ServerResponse,
  passOn: (answer: IncomingMessage) => void,
): void {
  const { hostname, port } = new URL(serverUrl);
  const { method, url: path, headers } = asked;
  const passed = request({ hostname, port, method, path, headers }, (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    passOn(answer);
  });
  passed.on("error", () => response.destroy());
  response.on("close", () => passed.destroy());
  asked.pipe(passed);
}

async function listening(server: Server): Promise<Proxy> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
