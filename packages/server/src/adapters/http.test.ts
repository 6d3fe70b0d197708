import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { noRefusals } from "../../test-support/open-door.js";
import { silentLogger } from "../logger.js";
import { HttpAdapter, type HttpAdapterOptions } from "./http.js";

const status: ReturnType<HttpAdapterOptions["status"]> = {
  ...{
    version: "1",
    connectionCount: 0,
    httpSessionCount: 0,
    roomCount: 0,
    degradedRoomCount: 0,
    readOnlyRoomCount: 0,
  },
  ...{ backlogBytes: 0, isStoreHealthy: true, isReady: true },
};

/** Whoever asks for `/session` is taken for a client that was let in. */
const takes: HttpAdapterOptions["takes"] = (request, response, known) => {
  if (request.url !== "/session") return false;
  known(request.socket);
  response.writeHead(204).end();
  return true;
};

async function world(options: Partial<HttpAdapterOptions> = {}) {
  const refusals = noRefusals();
  const http = new HttpAdapter({
    ...{ status: () => status, pageDirectory: undefined, upgrade: (_, socket) => void socket.write("upgraded"), takes },
    ...{ respond: undefined, logger: silentLogger, refusals, maxConnections: 100, certificate: undefined },
    silentSockets: { maxPerAddress: 2, isExempt: () => false },
    ...options,
  });
  await http.listen("127.0.0.1", 0);
  onTestFinished(() => http.close());
  const dial = () => {
    const socket = connect(http.port ?? 0, "127.0.0.1");
    socket.on("error", () => undefined);
    onTestFinished(() => void socket.destroy());
    return socket;
  };
  return { dial, refusals };
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;
const upgrade = "GET /notes HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";

/** Resolves with what is answered first. */
async function asked(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  const [part] = (await Promise.race([once(socket, "data"), once(socket, "close")])) as [unknown];
  return String(part);
}

/** Resolves with all that is answered, when the server hangs up. */
async function untilClosed(socket: Socket, text: string): Promise<string> {
  let heard = "";
  socket.on("data", (part: Buffer) => (heard += part.toString("latin1")));
  socket.write(text);
  await once(socket, "close");
  return heard;
}

test("who has asked for pages only is counted for its address as long as it is connected", async () => {
  const { dial, refusals } = await world();
  const [first, second] = [dial(), dial()];
  expect(await asked(first, get("/health"))).toMatch(/^HTTP\/1\.1 200 /);
  expect(await asked(second, get("/health"))).toMatch(/^HTTP\/1\.1 200 /);
  expect(await untilClosed(dial(), get("/health"))).toBe("");
  expect(refusals.countOf("address")).toBe(1);
  first.destroy();
  await expect.poll(() => asked(dial(), get("/health"))).toMatch(/^HTTP\/1\.1 200 /);
});

test.each([
  ["an upgraded socket", upgrade, /upgraded/],
  ["a socket of a client that was let in", get("/session"), /^HTTP\/1\.1 204 /],
])("%s is not", async (_, text, answer) => {
  const { dial } = await world();
  for (let count = 0; count < 5; count++) expect(await asked(dial(), text)).toMatch(answer);
});

test.each([
  ["a body that nobody asked for", 405, "POST /x", "Content-Length: 1000000"],
  ["one without a length", 405, "PUT /x", "Transfer-Encoding: chunked"],
  ["one of a request that is answered", 200, "GET /health", "Content-Length: 1000000"],
  ["what there is not", 404, "GET /x", "X-Body: none"],
])("%s is not waited for: %i, and the connection ends", async (_, code, what, header) => {
  const { dial } = await world();
  const answer = await untilClosed(dial(), `${what} HTTP/1.1\r\nHost: localhost\r\n${header}\r\n\r\n`);
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${code} `));
  expect(answer).toMatch(/\r\nConnection: close\r\n/);
});

test("an embedder that answers reads the body as it likes, and the connection stays", async () => {
  const { dial } = await world({
    respond: async (request, response) => {
      let length = 0;
      for await (const part of request as AsyncIterable<Uint8Array>) length += part.length;
      response.end(`read ${length}`);
      return true;
    },
  });
  const socket = dial();
  for (let times = 0; times < 2; times++) {
    const answer = await asked(socket, "POST /x HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
    expect(answer).toMatch(/read 5/);
  }
});
