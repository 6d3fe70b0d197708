/** Who is let in, and what the others are told: origins, addresses, numbers, sizes, and those who say nothing. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { encodeFrame, encodeYWebsocketMessage, synclinePath } from "@syncline/protocol";
import {
  MemoryStorage,
  NotAuthorized,
  startServer,
  type Authorization,
  type ServerOptions,
  type SynclineServer,
} from "@syncline/server";
import { describe, expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { stockClient, synced, synclineClient, until } from "../support/clients.js";
import { patiently } from "../support/patience.js";
import { askRaw, requestText, upgradeText, type Headers, type RawAnswer } from "../support/raw-http.js";
import { fragments, frame, opcode, RawWebSocket } from "../support/raw-websocket.js";

const sessions = `${synclinePath}/sessions`;

async function serve(options: ServerOptions = {}): Promise<SynclineServer> {
  const server = await startServer({ port: 0, data: new MemoryStorage(), ...options });
  onTestFinished(() => server.close());
  return server;
}

const someAuthorize = () => ({ access: "write" }) as const;

/** How each way in is answered: a socket of each dialect, and a session over HTTP. */
async function knock({ port }: SynclineServer, headers: Headers): Promise<RawAnswer[]> {
  const asked = { Host: `127.0.0.1:${port}`, ...headers };
  const create = { "Content-Length": "0", ...asked };
  return [
    await askRaw(port, upgradeText("/notes", asked)),
    await askRaw(port, upgradeText(synclinePath, asked)),
    await askRaw(port, upgradeText(`${synclinePath}/shared`, asked)),
    await openAndLeave(port, create),
  ];
}

/** A session that nobody leaves would keep a server from stopping for a while. */
async function openAndLeave(port: number, headers: Headers): Promise<RawAnswer> {
  const created = await askRaw(port, requestText(`POST ${sessions}`, headers));
  const id = /"session":"([^"]+)"/.exec(created.body)?.[1];
  if (id !== undefined) await askRaw(port, requestText(`POST ${sessions}/${id}/frames?first=1&last`, headers));
  return created;
}

const admitted = [101, 101, 101, 201];
const statusesOf = (answers: readonly RawAnswer[]) => answers.map(({ status }) => status);
const all = (status: number) => admitted.map(() => status);

async function refusalsOf({ url }: SynclineServer, kind: string): Promise<number> {
  const text = await (await fetch(`${url.replace(/^ws/, "http")}/metrics`)).text();
  return Number(new RegExp(`^syncline_refusals_total\\{kind="${kind}"\\} (\\d+)$`, "m").exec(text)?.[1]);
}

describe("pages", () => {
  test.each<[name: string, options: ServerOptions, headers: Headers]>([
    ["no page at all", {}, {}],
    ["a development server beside this one", {}, { Origin: "http://localhost:5173" }],
    ["the page by another name of this machine", {}, { Origin: "http://127.0.0.1:8080", Host: "localhost:1234" }],
    [
      "the server's own, behind a proxy",
      { authorize: someAuthorize },
      { Origin: "https://notes.example", Host: "notes.example" },
    ],
    ["a listed one", { allowedOrigins: ["https://a.example"] }, { Origin: "https://a.example" }],
    ["one of a listed family", { allowedOrigins: ["https://*.a.example"] }, { Origin: "https://b.a.example" }],
    ["a listed file", { allowedOrigins: ["null"] }, { Origin: "null" }],
    ["any page of any host", { allowedOrigins: ["*"] }, { Origin: "https://b.example", Host: "c.example" }],
    [
      "one by the host of a listed one",
      { allowedOrigins: ["https://a.example"] },
      { Origin: "https://a.example", Host: "a.example" },
    ],
  ])("%s may connect", async (_, options, headers) => {
    expect(statusesOf(await knock(await serve(options), headers))).toEqual(admitted);
  });

  test.each<[name: string, options: ServerOptions, headers: Headers, words: RegExp]>([
    [
      "another site",
      {},
      { Origin: "https://evil.example" },
      /pages of https:\/\/evil\.example .* --allow-origin https:\/\/evil\.example/,
    ],
    ["another site, with tokens", { authorize: someAuthorize }, { Origin: "https://evil.example" }, /--allow-origin/],
    ["a file", {}, { Origin: "null" }, /--allow-origin null/],
    [
      "a site of a name that points here",
      {},
      { Origin: "http://evil.example", Host: "evil.example" },
      /this machine only .*--allow-origin http:\/\/evil\.example/,
    ],
    ["what came by a name that points here", {}, { Host: "evil.example:1234" }, /this machine only/],
    [
      "what says that it is a proxy",
      {},
      { Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" },
      /--allow-origin/,
    ],
  ])("%s may not, and is told what would allow it", async (_, options, headers, words) => {
    const server = await serve(options);
    const answers = await knock(server, headers);
    expect(statusesOf(answers)).toEqual(all(403));
    for (const { body, headers: answered } of answers) {
      expect(body).toMatch(words);
      expect(answered["access-control-allow-origin"]).toBeUndefined();
    }
    expect(await refusalsOf(server, "origin")).toBe(4);
  });

  test("the host that a trusted proxy was asked for is the server's", async () => {
    const server = await serve({ authorize: someAuthorize, trustedProxies: ["loopback"] });
    const page = { Origin: "https://notes.example" };
    expect(statusesOf(await knock(server, { ...page, "X-Forwarded-Host": "notes.example" }))).toEqual(admitted);
    expect(statusesOf(await knock(server, { ...page, "X-Forwarded-Host": "other.example" }))).toEqual(all(403));
  });
});

describe("strangers", () => {
  const hello = encodeFrame([{ type: "hello", version: 1, token: "", client: "test" }]);
  const behindProxy: ServerOptions = { trustedProxies: ["loopback"] };
  const from = (address: string): Headers => ({ "X-Forwarded-For": address });

  /** Resolves with a socket, or with the status that it was refused with. */
  function connected(
    { url }: SynclineServer,
    address: string,
    path: string = synclinePath,
  ): Promise<WebSocket | RawAnswer> {
    const socket = new WebSocket(url + path, { headers: { "X-Forwarded-For": address } });
    onTestFinished(() => socket.terminate());
    return new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("open", () => resolve(socket));
      socket.on("unexpected-response", (_, response) => {
        const headers = response.headers as Record<string, string>;
        resolve({ status: response.statusCode ?? 0, headers, body: "" });
      });
    });
  }

  test("of one address only so many may have opened nothing yet; the next is told when to come back", async () => {
    const server = await serve({ ...behindProxy, limits: { maxStrangersPerAddress: 2 } });
    const first = await connected(server, "192.0.2.1");
    await connected(server, "192.0.2.1");
    const [refused] = await knock(server, from("192.0.2.1"));
    expect(refused).toMatchObject({ status: 429, headers: { "retry-after": "5" } });
    expect(refused?.body).toMatch(/too many connections of 192\.0\.2\.1/);
    expect(await connected(server, "192.0.2.2")).toBeInstanceOf(WebSocket);
    if (first instanceof WebSocket) first.close();
    await expect.poll(async () => connected(server, "192.0.2.1"), patiently).toBeInstanceOf(WebSocket);
    expect(await refusalsOf(server, "address")).toBeGreaterThan(0);
  });

  test("who was let into a document is no stranger any more, in each dialect", async () => {
    const server = await serve({ ...behindProxy, limits: { maxStrangersPerAddress: 1 } });
    const own = await connected(server, "192.0.2.1");
    if (!(own instanceof WebSocket)) throw new Error("refused");
    const open = {
      type: "open",
      requestId: 1,
      documentName: "notes",
      token: "",
      clientId: 1,
      generation: "",
      have: { kind: "state-vector", stateVector: Uint8Array.of(0) },
    } as const;
    const opened = once(own, "message");
    own.send(hello);
    await opened;
    expect(await connected(server, "192.0.2.1")).toMatchObject({ status: 429 });
    own.send(encodeFrame([open]));
    // The other dialect opens with its URL.
    for (let count = 0; count < 3; count++) {
      await expect.poll(async () => connected(server, "192.0.2.1", "/notes"), patiently).toBeInstanceOf(WebSocket);
    }
  });

  test("who waits for authorize is still one", async () => {
    let answer: (authorization: Authorization) => void = () => undefined;
    const answered = new Promise<Authorization>((resolve) => (answer = resolve));
    const server = await serve({ ...behindProxy, authorize: () => answered, limits: { maxStrangersPerAddress: 1 } });
    expect(await connected(server, "192.0.2.1", "/notes")).toBeInstanceOf(WebSocket);
    expect(await connected(server, "192.0.2.1", "/notes")).toMatchObject({ status: 429 });
    answer({ access: "read" });
    await expect.poll(async () => connected(server, "192.0.2.1", "/notes"), patiently).toBeInstanceOf(WebSocket);
  });

  test("a message that does not end is not waited for, whatever is sent beside it", async () => {
    const server = await serve({
      authorize: () => {
        throw new NotAuthorized("no");
      },
    });
    const stranger = await RawWebSocket.open(server.url + synclinePath);
    onTestFinished(() => stranger.destroy());
    stranger.write(frame({ opcode: opcode.binary, payload: hello }));
    await stranger.writeEach([frame({ opcode: opcode.binary, payload: new Uint8Array(512 * 1024), isLast: false })]);
    stranger.write(frame({ opcode: opcode.ping }));
    const reason = expect.stringMatching(/more than 256 KiB of a message, and no document was opened/) as string;
    expect(await stranger.ended).toMatchObject({ code: 4529, reason });
    expect(await refusalsOf(server, "slow")).toBe(1);
  });

  test("what a y-websocket client wrote offline is not read before authorize has answered, and not refused for its size", async () => {
    let answer: (authorization: Authorization) => void = () => undefined;
    const answered = new Promise<Authorization>((resolve) => (answer = resolve));
    const server = await serve({ authorize: () => answered });
    const doc = new Y.Doc();
    doc.getText("text").insert(0, "x".repeat(2_000_000));
    const update = encodeYWebsocketMessage({ type: "update", update: Y.encodeStateAsUpdate(doc) });
    const parts = fragments(opcode.binary, update, 2);
    const writer = await RawWebSocket.open(`${server.url}/notes`);
    onTestFinished(() => writer.destroy());
    writer.write(...parts.slice(0, 1));
    // Once it is sent away, strangers have been looked at.
    const stranger = await RawWebSocket.open(server.url + synclinePath);
    stranger.write(frame({ opcode: opcode.binary, payload: new Uint8Array(512 * 1024), isLast: false }));
    expect(await stranger.ended).toMatchObject({ code: 4529 });
    answer({ access: "write" });
    writer.write(...parts.slice(1));
    const reader = synclineClient(server.url, "notes");
    await synced(reader);
    await until(reader.doc, () => reader.text.length === 2_000_000);
  });

  test("of one address only so many may come at once", async () => {
    const server = await serve({ ...behindProxy, limits: { connectBurst: 4, connectsPerSecond: 1 } });
    expect(statusesOf(await knock(server, from("192.0.2.1")))).toEqual(admitted);
    const refused = await knock(server, from("192.0.2.1"));
    expect(statusesOf(refused)).toContain(429);
    expect(refused.find(({ status }) => status === 429)?.headers["retry-after"]).toBe("1");
    expect(statusesOf(await knock(server, from("192.0.2.2")))).toEqual(admitted);
  });

  test("sessions over HTTP are counted with sockets", async () => {
    const server = await serve({ ...behindProxy, limits: { maxStrangersPerAddress: 1 } });
    const headers = { Host: `127.0.0.1:${server.port}`, "Content-Length": "0", ...from("192.0.2.1") };
    expect(await askRaw(server.port, requestText(`POST ${sessions}`, headers))).toMatchObject({ status: 201 });
    expect(statusesOf(await knock(server, from("192.0.2.1")))).toEqual(all(429));
  });

  test.each<[name: string, options: ServerOptions, headers: Headers]>([
    ["connections of this machine", {}, {}],
    ["those of a proxy that does not say whose they are", behindProxy, {}],
    ["what is forwarded by this machine, which is no trusted proxy,", {}, from("192.0.2.1")],
  ])("%s are not counted", async (_, options, headers) => {
    const server = await serve({ ...options, limits: { connectBurst: 1, maxStrangersPerAddress: 1 } });
    for (let times = 0; times < 3; times++) expect(statusesOf(await knock(server, headers))).toEqual(admitted);
  });

  test("authorize is given the client's address and headers, and not the server's own of the handshake", async () => {
    const seen: object[] = [];
    const authorize: ServerOptions["authorize"] = ({ request }) => {
      seen.push(request);
      return { access: "write" };
    };
    const server = await serve({ ...behindProxy, authorize });
    const client = await connected(server, "192.0.2.1, ::ffff:192.0.2.7", "/notes");
    expect(client).toBeInstanceOf(WebSocket);
    await expect.poll(() => seen, patiently).toHaveLength(1);
    const host = `127.0.0.1:${server.port}`;
    expect(seen).toEqual([
      { address: "192.0.2.7", headers: { host, "x-forwarded-for": "192.0.2.1, ::ffff:192.0.2.7" } },
    ]);
  });
});

describe("the whole server", () => {
  test("takes so many connections, and tells the next to come back", async () => {
    const server = await serve({ limits: { maxConnections: 2 } });
    const open = [await RawWebSocket.open(`${server.url}/a`), await RawWebSocket.open(`${server.url}/b`)];
    const answers = await knock(server, {});
    expect(statusesOf(answers)).toEqual(all(503));
    for (const { headers, body } of answers) {
      expect(headers["retry-after"]).toBe("10");
      expect(body).toMatch(/2 connections, as many as it takes/);
    }
    expect(await refusalsOf(server, "capacity")).toBe(4);
    open[0]?.destroy();
    await expect.poll(async () => (await knock(server, {}))[0]?.status, patiently).toBe(101);
    open[1]?.destroy();
  });

  test("keeps no more for its readers than it may: who holds the most goes, with 4508", async () => {
    const server = await serve({ limits: { maxOutboundBytes: 256 * 1024 } });
    const writer = synclineClient(server.url, "large");
    await synced(writer);
    const reader = await RawWebSocket.open(`${server.url}/large`);
    onTestFinished(() => reader.destroy());
    reader.pause();
    reader.write(frame({ opcode: opcode.binary, payload: Uint8Array.of(0, 0, 1, 0) }));
    for (let count = 0; count < 40; count++) writer.doc.getArray("large").push(["x".repeat(500_000)]);
    await expect.poll(() => refusalsOf(server, "capacity"), { timeout: 60_000 }).toBeGreaterThan(0);
    // The writer, which reads, goes on.
    const onlooker = stockClient(server.url, "small");
    const other = synclineClient(server.url, "small");
    await Promise.all([synced(onlooker), synced(other)]);
    other.text.insert(0, "undisturbed");
    await until(onlooker.doc, () => onlooker.text.toString() === "undisturbed");
  });

  test("keeps what many are sent at once only once: a crowd that reads slowly is not sent away for it", async () => {
    const server = await serve({ limits: { maxOutboundBytes: 5 * 1024 * 1024 } });
    const [writer, onlooker] = [synclineClient(server.url, "large"), synclineClient(server.url, "large")];
    await Promise.all([synced(writer), synced(onlooker)]);
    for (let count = 0; count < 8; count++) {
      const reader = await RawWebSocket.open(`${server.url}/large`);
      onTestFinished(() => reader.destroy());
      reader.pause();
      reader.write(frame({ opcode: opcode.binary, payload: Uint8Array.of(0, 0, 1, 0) }));
    }
    // More than the system takes off the server: up to a megabyte, and what is on its way, stays there for each of them.
    for (let count = 0; count < 24; count++) writer.doc.getArray("large").push(["x".repeat(500_000)]);
    await until(onlooker.doc, () => onlooker.doc.getArray("large").length === 24);
    expect(await refusalsOf(server, "capacity")).toBe(0);
  });

  test("closes who asks and does not read the answers, with 4508", async () => {
    const server = await serve({ limits: { maxUnsentBytes: 64 * 1024, maxUnsentAnswerBytes: 128 * 1024 } });
    const asker = await RawWebSocket.open(`${server.url}/notes`);
    onTestFinished(() => asker.destroy());
    asker.pause();
    const pings = Buffer.concat(
      Array<Uint8Array>(1_000).fill(frame({ opcode: opcode.ping, payload: new Uint8Array(125) })),
    );
    let isOver = false;
    void asker.ended.then(() => (isOver = true));
    while (!isOver && (await refusalsOf(server, "slow")) === 0)
      await asker.writeEach(Array<Uint8Array>(10).fill(pings));
    expect(await refusalsOf(server, "slow")).toBe(1);
  });
});

describe("sizes", () => {
  const long = (length: number) => "x".repeat(length);

  test.each<[name: string, status: number, words: RegExp, text: (host: string) => string]>([
    ["headers above 8 KiB", 431, /above 8192 bytes/, (Host) => requestText("GET /", { Host, "X-Long": long(8_200) })],
    [
      "headers above 8 KiB of an upgrade",
      431,
      /above 8192 bytes/,
      (Host) => upgradeText("/a", { Host, "X-Long": long(8_200) }),
    ],
    [
      "many small headers",
      431,
      /above 8192 bytes/,
      (Host) =>
        requestText("GET /", {
          Host,
          ...Object.fromEntries([...Array(900).keys()].map((n) => [`X-${n}`, "12345678"])),
        }),
    ],
    ["a URL above 2 KiB", 414, /above 2048 bytes/, (Host) => requestText(`GET /${long(2_048)}`, { Host })],
    [
      "a URL above 2 KiB of an upgrade",
      414,
      /above 2048 bytes/,
      (Host) => upgradeText(`/a?token=${long(2_048)}`, { Host }),
    ],
    [
      "a URL above 2 KiB of a session",
      414,
      /above 2048 bytes/,
      (Host) => requestText(`POST ${sessions}?${long(2_048)}`, { Host }),
    ],
    ["what is not HTTP", 400, /not HTTP/, () => "hello\r\n\r\n"],
    ["headers that are none", 400, /not HTTP/, () => "GET / HTTP/1.1\r\nno header\r\n\r\n"],
    [
      "two lengths of one body",
      400,
      /not HTTP/,
      (Host) => requestText(`POST ${sessions}`, { Host, "Content-Length": "1", "Transfer-Encoding": "chunked" }),
    ],
    [
      "an upgrade of another version",
      400,
      /Sec-WebSocket-Version/,
      (Host) => upgradeText("/a", { Host, "Sec-WebSocket-Version": "7" }),
    ],
    [
      "an upgrade without a key",
      400,
      /Sec-WebSocket-Key/,
      (Host) => upgradeText("/a", { Host, "Sec-WebSocket-Key": undefined }),
    ],
    ["an upgrade to something else", 400, /Upgrade/, (Host) => upgradeText("/a", { Host, Upgrade: "spdy" })],
  ])("%s: %i", async (_, status, words, text) => {
    const server = await serve();
    const answer = await askRaw(server.port, text(`127.0.0.1:${server.port}`));
    expect(answer.status).toBe(status);
    expect(answer.body).toMatch(words);
    const kind = status === 400 ? "protocol" : "size";
    expect(await refusalsOf(server, kind)).toBe(1);
  });

  test("a URL of 2 KiB is served", async () => {
    const server = await serve();
    const path = `/a?token=${long(2_048 - "/a?token=".length)}`;
    expect(await askRaw(server.port, upgradeText(path, { Host: "127.0.0.1" }))).toMatchObject({ status: 101 });
  });
});

describe("names in a URL", () => {
  test.each<[path: string, words: RegExp]>([
    ["/../x", /holds ".." as a segment/],
    ["/x/..", /holds ".." as a segment/],
    ["/a%2F..%2Fb", /holds ".." as a segment/],
    ["/a/%2e%2e/b", /holds ".." as a segment/],
    ["/.", /holds "." as a segment/],
    ["/a/./b", /holds "." as a segment/],
    ["/a%00b", /control character/],
    ["/a%0ab", /control character/],
    ["/%c0%ae%c0%ae", /not percent-encoded UTF-8/],
    ["/%ed%a0%80", /not percent-encoded UTF-8/],
    ["/%ff", /not percent-encoded UTF-8/],
    ["/%", /not percent-encoded UTF-8/],
    ["/u%CC%88", /composed form/],
    ["/", /is empty/],
    [`/${"x".repeat(256)}`, /at most 255/],
  ])("%s is refused in words", async (path, words) => {
    const server = await serve();
    const socket = await RawWebSocket.open(server.url, path);
    expect(await socket.ended).toMatchObject({ code: 4400, reason: expect.stringMatching(words) as string });
  });

  test.each([
    ["/a/b", "a/b"],
    ["/%252e%252e", "%2e%2e"],
    ["/...", "..."],
    ["/a..b/.c", "a..b/.c"],
    ["/%C3%BC", "ü"],
    ["/__proto__", "__proto__"],
    ["/a//b", "a//b"],
  ])("%s names %s", async (path, name) => {
    const server = await serve();
    const socket = await RawWebSocket.open(server.url, path);
    onTestFinished(() => socket.destroy());
    const doc = new Y.Doc();
    doc.getText("text").insert(0, "hello");
    const update = encodeYWebsocketMessage({ type: "update", update: Y.encodeStateAsUpdate(doc) });
    socket.write(frame({ opcode: opcode.binary, payload: update }));
    const names = async () => {
      const found: string[] = [];
      for await (const { name } of server.documents.list()) found.push(name);
      return found;
    };
    await expect.poll(names, patiently).toEqual([name]);
  });
});

describe("who says nothing is gone within 12 s", () => {
  const limitMs = 12_000;

  /** Resolves with what was answered, when the server has hung up; at the limit, with "still there". */
  async function untilGone(socket: Socket): Promise<string> {
    onTestFinished(() => void socket.destroy());
    let heard = "";
    socket.on("error", () => undefined);
    socket.on("data", (part: Buffer) => (heard += part.toString("latin1")));
    const late = new Promise<string>((resolve) => setTimeout(() => resolve("still there"), limitMs + 3_000));
    return Promise.race([once(socket, "close").then(() => heard), late]);
  }

  test("a silent socket, one that trickles, one that breaks off, one that has asked and stays", async () => {
    const server = await serve();
    const Host = `127.0.0.1:${server.port}`;
    const dial = (text = "") => {
      const socket = connect(server.port, "127.0.0.1");
      if (text !== "") socket.write(text);
      return socket;
    };
    const trickling = dial("GET /notes HTTP/1.1\r\n");
    const trickle = setInterval(() => trickling.write("X-More: 1\r\n"), 500);
    onTestFinished(() => clearInterval(trickle));
    const gone = await Promise.all([
      untilGone(dial()),
      untilGone(dial("G")),
      untilGone(trickling),
      untilGone(dial(upgradeText("/notes", { Host }).slice(0, -2))),
      untilGone(dial(requestText("GET /health", { Host }))),
    ]);
    const tooLate = /^HTTP\/1\.1 408 [^]*did not come within 10 s/;
    expect(gone).toEqual([...Array<unknown>(4).fill(expect.stringMatching(tooLate)), expect.stringMatching(/alive/)]);
  });
});
