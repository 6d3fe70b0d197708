import { once } from "node:events";
import { createServer } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { closeCodes, readFrames } from "@syncline/protocol";
import { expect, onTestFinished, test, vi } from "vitest";
import type { Connection, Transport } from "../connection/transport.js";
import { silentLogger } from "../logger.js";
import { systemTimers, type Timers } from "../timers.js";
import { HttpSessions, type HttpSessionsOptions } from "./http-sessions.js";
import { noRefusals, openDoor } from "../../test-support/open-door.js";
import { OutboundMemory } from "./outbound-memory.js";
import { frameWithLengths } from "./session-frames.js";

/** What a session's connection has been told, and its transport to answer with. */
class Peer implements Connection {
  readonly received: string[] = [];
  isClosed = false;
  readonly transport: Transport;
  #watchers: (() => void)[] = [];

  constructor(transport: Transport) {
    this.transport = transport;
  }

  receive(frame: Uint8Array): void {
    this.received.push(text(frame));
    this.#look();
  }

  closed(): void {
    this.isClosed = true;
    this.#look();
  }

  goAway(): void {}
  tick(): void {}

  say(...words: string[]): void {
    this.transport.send(frameWithLengths(words.map(bytes)));
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => void this.#watchers.push(resolve));
  }

  #look(): void {
    for (const look of this.#watchers.splice(0)) look();
  }
}

const bytes = (words: string) => new TextEncoder().encode(words);
const text = (frame: Uint8Array) => new TextDecoder().decode(frame);

async function world(options: Partial<HttpSessionsOptions> = {}) {
  const known = new Set<Socket>();
  const peers: Peer[] = [];
  const refusals = noRefusals();
  const sessions = new HttpSessions({
    ...{
      door: openDoor(),
      memory: new OutboundMemory(1_000_000, refusals),
      refusals,
      slowestReadBytesPerSecond: 32 * 1024,
    },
    ...{ maxFrameBytes: 1_000, maxHttpSessions: 10, maxHttpSessionBytes: 1_000_000, httpSessionIdleMs: 30_000 },
    ...{ helloTimeoutMs: 5_000, authorizeTimeoutMs: 10_000 },
    ...{ eventHeartbeatMs: 10_000, pollWaitMs: 20_000, timers: systemTimers, logger: silentLogger },
    connect: (transport) => {
      const peer = new Peer(transport);
      peers.push(peer);
      return peer;
    },
    ...options,
  });
  const server = createServer((request, response) => {
    if (!sessions.takes(request, response, (socket) => known.add(socket))) response.writeHead(418).end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => {
    void sessions.close(closeCodes.draining, "the test is over");
    server.closeAllConnections();
    server.close();
  });
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}/.syncline/v1/sessions`;
  const create = async () => {
    const answer = await fetch(base, { method: "POST" });
    const { session } = (await answer.json()) as { session: string };
    return clientOf(`${base}/${session}`, peers.at(-1) as Peer);
  };
  return { base, sessions, peers, create, known, refusals };
}

function clientOf(url: string, peer: Peer) {
  return {
    url,
    peer,
    poll: (ack: number | string) => fetch(`${url}/poll?ack=${ack}`, { method: "POST" }),
    upload: (query: string, words: readonly string[]) =>
      fetch(`${url}/frames?${query}`, { method: "POST", body: frameWithLengths(words.map(bytes)) }),
    events: (ack: number, headers = {}) => fetch(`${url}/events?ack=${ack}`, { headers }),
  };
}

async function framesIn(answer: Response): Promise<string[]> {
  expect(answer.status).toBe(200);
  return readFrames(new Uint8Array(await answer.arrayBuffer())).map(text);
}

/** Reads a stream of events up to, and including, what matches. */
async function readUntil(answer: Response, pattern: RegExp): Promise<string> {
  let read = "";
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  while (!pattern.test(read)) {
    const { done, value } = await reader.read();
    if (done) break;
    read += text(value);
  }
  await reader.cancel();
  return read;
}

const base64 = (...words: string[]) => Buffer.from(frameWithLengths(words.map(bytes))).toString("base64");

test("frames go up once however often they are sent", async () => {
  const { peer, upload } = await (await world()).create();
  expect((await upload("first=1", ["a", "b"])).status).toBe(204);
  expect((await upload("first=1", ["a", "b"])).status).toBe(204);
  expect((await upload("first=2", ["b", "c", "d"])).status).toBe(204);
  expect(peer.received).toEqual(["a", "b", "c", "d"]);
});

test("an upload that leaves frames out ends the session with 4510, and so does one that was cut short", async () => {
  const { create } = await world();
  const left = await create();
  const answer = await left.upload("first=2", ["b"]);
  expect(answer.status).toBe(410);
  expect(await answer.json()).toMatchObject({ code: closeCodes.gap });
  await left.peer.until(() => left.peer.isClosed || left.peer.received.length > 0);

  const cut = await create();
  const body = frameWithLengths([bytes("abc")]).subarray(0, -1);
  await fetch(`${cut.url}/frames?first=1`, { method: "POST", body });
  expect(await (await cut.poll(0)).json()).toMatchObject({ code: closeCodes.gap });
  expect([...left.peer.received, ...cut.peer.received]).toEqual([]);
});

test("an upload larger than a frame may be is refused, and ends the session with 4413", async () => {
  const { create, refusals } = await world({ maxFrameBytes: 10 });
  const { peer, upload, poll } = await create();
  expect((await upload("first=1", ["ten bytes."])).status).toBe(204);
  expect((await upload("first=2", ["more than eighteen bytes"])).status).toBe(413);
  expect(refusals.countOf("size")).toBe(1);
  expect(await (await poll(0)).json()).toMatchObject({ code: closeCodes.tooLarge });
  await peer.until(() => peer.isClosed);
  expect(peer.received).toEqual(["ten bytes."]);
});

test("a stranger's upload is refused above 256 KiB; who was let in sends what a frame may hold", async () => {
  const { create } = await world({ maxFrameBytes: 1_000_000 });
  const large = "x".repeat(300_000);
  const stranger = await create();
  expect((await stranger.upload("first=1", ["hello"])).status).toBe(204);
  const refused = await stranger.upload("first=2", [large]);
  expect([refused.status, await refused.text()]).toEqual([413, "an upload is above 262144 bytes\n"]);
  expect(await (await stranger.poll(0)).json()).toMatchObject({ code: closeCodes.tooLarge });

  const friend = await create();
  friend.peer.transport.welcomed();
  expect((await friend.upload("first=1", [large])).status).toBe(204);
  expect(friend.peer.received).toEqual([large]);
});

test("an upload that is being read is cut off when its session ends", async () => {
  const { create } = await world();
  const { url, peer } = await create();
  const { port, pathname } = new URL(url);
  const socket = connect(Number(port), "127.0.0.1");
  onTestFinished(() => void socket.destroy());
  socket.on("error", () => undefined);
  const heard = peer.transport.lastHeardMs;
  socket.write(`POST ${pathname}/frames?first=1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 900\r\n\r\n`);
  socket.write("x".repeat(800));
  await vi.waitFor(() => expect(peer.transport.lastHeardMs).toBeGreaterThan(heard));
  peer.transport.terminate();
  await once(socket, "close");
});

test("a stranger that goes on asking is told after a minute that it opened no document; who opened one stays", async () => {
  let nowMs = 0;
  const { create, sessions, refusals } = await world({ timers: { ...systemTimers, now: () => nowMs } });
  const [stranger, friend] = [await create(), await create()];
  friend.peer.transport.welcomed();
  const [told, waiting] = [stranger.poll(0), friend.poll(0)];
  await vi.waitFor(() => expect(sessions.sessionCount).toBe(2));
  nowMs = 60_001;
  expect(await (await told).json()).toMatchObject({ code: closeCodes.tooSlow });
  expect(refusals.countOf("slow")).toBe(1);
  friend.peer.say("news");
  expect(await framesIn(await waiting)).toEqual(["news"]);
});

test("a client's sockets are known once it was let in, also those that its requests are waiting on", async () => {
  const { create, known } = await world();
  const { peer, poll, upload } = await create();
  const waiting = poll(0);
  expect((await upload("first=1", ["hello"])).status).toBe(204);
  expect(known.size).toBe(0);
  peer.transport.welcomed();
  expect(known.size).toBe(2);
  peer.say("welcome");
  expect(await framesIn(await waiting)).toEqual(["welcome"]);
});

test("a client that says it leaves is gone, with what it sent last", async () => {
  const { create, sessions } = await world();
  const { peer, upload, poll } = await create();
  await upload("first=1&last=1", ["bye"]);
  await peer.until(() => peer.isClosed);
  expect(peer.received).toEqual(["bye"]);
  expect((await poll(0)).status).toBe(404);
  expect(sessions.sessionCount).toBe(0);
});

test("nothing is received while reading is held, and of several uploads that wait one counts, the last", async () => {
  const { peer, upload } = await (await world()).create();
  const release = peer.transport.holdReading();
  const answered: number[] = [];
  const uploads = [1, 2, 3].map(async () => void answered.push((await upload("first=1", ["a"])).status));
  await Promise.race(uploads);
  await vi.waitFor(() => expect(answered).toEqual([409, 409]));
  expect(peer.received).toEqual([]);
  release();
  await Promise.all(uploads);
  expect(answered).toEqual([409, 409, 204]);
  expect(peer.received).toEqual(["a"]);
});

test("a poll waits for frames, gets those that came together, and again all that were not acknowledged", async () => {
  const { peer, poll, upload } = await (await world()).create();
  const waiting = poll(0);
  await upload("first=1", []);
  peer.say("a");
  peer.say("b", "c");
  expect(await framesIn(await waiting)).toEqual(["a", "b", "c"]);
  expect(await framesIn(await poll(0))).toEqual(["a", "b", "c"]);
  expect(await framesIn(await poll(2))).toEqual(["c"]);
});

test("a poll without anything to say is answered with 204, after its time and when another comes in its place", async () => {
  const { peer, poll } = await (await world({ pollWaitMs: 200 })).create();
  const first = poll(0);
  const isFirst = await Promise.race([first.then(() => true), poll(0).then(() => false)]);
  expect((await first).status).toBe(204);
  expect((await poll(0)).status).toBe(204);
  expect(isFirst).toBe(true);
  peer.say("still here");
  expect(await framesIn(await poll(0))).toEqual(["still here"]);
});

test("who asks for what was let go, or acknowledges what was not sent, is told so", async () => {
  const { peer, poll, upload, events } = await (await world()).create();
  peer.say("a", "b");
  expect(await framesIn(await poll(1))).toEqual(["b"]);
  const answers = [await poll(0), await poll(3), await poll("x"), await poll(""), await events(0)];
  expect(answers.map(({ status }) => status)).toEqual([409, 409, 409, 409, 409]);
  expect((await upload("first=1&ack=3", ["c"])).status).toBe(409);
  expect((await upload("first=0", ["c"])).status).toBe(400);
  expect(peer.received).toEqual([]);
});

test("a stream of events brings frames with the number of the last, and goes on where it was cut", async () => {
  const { peer, events } = await (await world()).create();
  peer.say("a", "b");
  const answer = await events(0);
  expect(answer.headers.get("content-type")).toBe("text/event-stream");
  expect(answer.headers.get("cache-control")).toBe("no-store, no-transform");
  expect(answer.headers.get("x-accel-buffering")).toBe("no");
  expect(await readUntil(answer, /data: .*\n\n/)).toBe(`:\n\nid: 2\ndata: ${base64("a", "b")}\n\n`);
  peer.say("c");
  expect(await readUntil(await events(1), /data: .*\n\n/)).toBe(`:\n\nid: 3\ndata: ${base64("b", "c")}\n\n`);
  // An EventSource asks for the same URL again, and says in a header what it has.
  const again = await events(0, { "Last-Event-ID": "2" });
  expect(await readUntil(again, /data: .*\n\n/)).toBe(`:\n\nid: 3\ndata: ${base64("c")}\n\n`);
});

test("a silent stream gets comments, and ends when another takes its place", async () => {
  const { events, peer } = await (await world({ eventHeartbeatMs: 20 })).create();
  const first = await events(0);
  const second = await events(0);
  // To its end.
  expect(await first.text()).toMatch(/^(:\n\n)+$/);
  expect(await readUntil(second, /^(:\n\n){3}/)).toMatch(/^(:\n\n){3}/);
  expect(peer.isClosed).toBe(false);
});

test("a session that is closed says why, after all frames: in the stream, to a poll, and to an upload", async () => {
  // Nobody is given up for not asking.
  const after: Timers["after"] = (ms, callback) => (ms === 2_000 ? () => undefined : systemTimers.after(ms, callback));
  const { create } = await world({ timers: { ...systemTimers, after } });
  const farewell = { code: closeCodes.draining, reason: "back soon" };
  const close = (peer: Peer) => {
    peer.say("last");
    peer.transport.close(farewell.code, farewell.reason);
    peer.say("too late");
  };

  const streaming = await create();
  const stream = await streaming.events(0);
  close(streaming.peer);
  const told = `id: 1\ndata: ${base64("last")}\n\nevent: close\ndata: ${JSON.stringify(farewell)}\n\n`;
  expect(await stream.text()).toBe(`:\n\n${told}`);
  await streaming.peer.until(() => streaming.peer.isClosed);

  const late = await create();
  close(late.peer);
  expect(await (await late.events(0)).text()).toBe(`:\n\n${told}`);

  const polling = await create();
  close(polling.peer);
  expect(await framesIn(await polling.poll(0))).toEqual(["last"]);
  const answer = await polling.poll(1);
  expect([answer.status, await answer.json()]).toEqual([410, farewell]);
  await polling.peer.until(() => polling.peer.isClosed);

  const uploading = await create();
  close(uploading.peer);
  const refused = await uploading.upload("first=1", ["a"]);
  expect([refused.status, await refused.json()]).toEqual([410, farewell]);
  expect(uploading.peer.received).toEqual([]);
});

test("what the client has not said it has counts as unsent beyond 64 KiB, and drains when it says so", async () => {
  const { peer, poll } = await (await world()).create();
  peer.say("x".repeat(60_000));
  expect(peer.transport.unsentBytes).toBe(0);
  peer.say("x".repeat(60_000));
  expect(peer.transport.unsentBytes).toBeGreaterThan(50_000);
  let isDrained = false;
  const drained = peer.transport.drained().then(() => (isDrained = true));
  expect(await framesIn(await poll(0))).toHaveLength(2);
  expect(isDrained).toBe(false);
  const rest = poll(1);
  await drained;
  expect(await framesIn(await rest)).toHaveLength(1);
  expect(peer.transport.unsentBytes).toBe(0);
});

test("a client that leaves more unread than is kept for it is closed with 4508, and it is let go", async () => {
  const { create, refusals } = await world({ maxHttpSessionBytes: 100_000 });
  const { peer, poll } = await create();
  const drained = peer.transport.drained();
  for (let i = 0; i < 2; i++) peer.say("x".repeat(60_000));
  await drained;
  expect(peer.transport.unsentBytes).toBe(0);
  expect(await (await poll(0)).json()).toMatchObject({ code: closeCodes.tooSlow });
  expect(refusals.countOf("slow")).toBe(1);
});

test("a session without requests is over after its idle time; one whose stream is open is not", async () => {
  const { create, sessions } = await world({ httpSessionIdleMs: 500 });
  const [idle, open] = [await create(), await create()];
  const stream = await open.events(0);
  await idle.peer.until(() => idle.peer.isClosed);
  expect([sessions.sessionCount, open.peer.isClosed]).toEqual([1, false]);
  await stream.body?.cancel();
  await open.peer.until(() => open.peer.isClosed);
});

test("beyond the limit there is no session for now, and none while the server stops", async () => {
  const { create, base, sessions, refusals } = await world({ maxHttpSessions: 1 });
  const { poll } = await create();
  const refused = await fetch(base, { method: "POST" });
  expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"]);
  expect(await refused.text()).toContain("at most 1 sessions");
  expect(refusals.countOf("capacity")).toBe(1);
  const waiting = poll(0);
  const closing = sessions.close(closeCodes.draining, "back soon");
  expect((await waiting).status).toBe(410);
  await closing;
  expect(sessions.sessionCount).toBe(0);
  const stopping = await fetch(base, { method: "POST" });
  expect([stopping.status, await stopping.text()]).toEqual([503, "the server is shutting down; it will be back\n"]);
});

const page = "https://page.example";

test("a page that may ask can read the answers, without cookies; other methods, paths and sessions are refused", async () => {
  const { base, create } = await world();
  const { url } = await create();
  const headers = { origin: page };
  const preflight = await fetch(`${url}/events`, { method: "OPTIONS", headers });
  expect(preflight.status).toBe(204);
  expect(Object.fromEntries(preflight.headers)).toMatchObject({
    "access-control-allow-origin": page,
    vary: "Origin",
    "access-control-allow-methods": "GET, POST",
    "access-control-allow-headers": "content-type, last-event-id",
  });
  expect(preflight.headers.get("access-control-allow-credentials")).toBeNull();
  const asked = [
    [base, "GET", 405],
    [`${url}/poll?ack=0`, "GET", 405],
    [`${url}/frames?first=1`, "PUT", 405],
    [`${url}/events`, "POST", 405],
    [`${url}/other`, "GET", 404],
    [url, "DELETE", 404],
    [`${url}x/events`, "GET", 404],
    [`${url}/events/more`, "GET", 404],
    [`${base}/__proto__/poll?ack=0`, "POST", 404],
    [`${base.replace("/sessions", "/session")}`, "POST", 418],
  ] as const;
  for (const [where, method, status] of asked) {
    const answer = await fetch(where, { method, headers });
    expect([method, where, answer.status]).toEqual([method, where, status]);
    expect(answer.headers.get("access-control-allow-origin")).toBe(status === 418 ? null : page);
  }
});

test("a page of another origin is refused whatever it asks, and cannot read why", async () => {
  const { base, create } = await world({ door: openDoor({ allowedOrigins: [page] }) });
  const { url, peer } = await create();
  for (const [where, method] of [
    [base, "POST"],
    [`${url}/events`, "OPTIONS"],
    [`${url}/poll?ack=0`, "POST"],
    [`${url}/frames?first=1&last`, "POST"],
  ] as const) {
    const answer = await fetch(where, { method, headers: { origin: "https://other.example" } });
    expect([where, answer.status, answer.headers.get("access-control-allow-origin")]).toEqual([where, 403, null]);
    expect(answer.headers.get("vary")).toBe("Origin");
  }
  expect(peer.isClosed).toBe(false);
});

test("an upload that trickles is given up with 408, and the client may send it again", async () => {
  let nowMs = 0;
  const timers = { ...systemTimers, now: () => nowMs };
  const { create, sessions, refusals } = await world({ timers, maxFrameBytes: 100_000 });
  const { url, peer, upload } = await create();
  peer.transport.welcomed();
  const { hostname, port, pathname } = new URL(url);
  const socket = connect(Number(port), hostname);
  onTestFinished(() => void socket.destroy());
  let answer = "";
  socket.on("data", (part: Buffer) => (answer += part.toString()));
  const ended = once(socket, "close");
  socket.write(
    `POST ${pathname}/frames?first=1 HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: 90000\r\n\r\n12345678`,
  );
  const ticking = setInterval(() => (nowMs += 10_000), 100);
  onTestFinished(() => clearInterval(ticking));
  await ended;
  expect(answer).toMatch(/^HTTP\/1.1 408 [^]*too slowly; send it again/);
  expect(refusals.countOf("slow")).toBe(1);
  await upload("first=1", ["whole"]);
  expect(peer.received).toEqual(["whole"]);
  expect(sessions.sessionCount).toBe(1);
});

test("a client that does not answer counts as silent, whatever is sent to it", async () => {
  let nowMs = 0;
  const timers = { ...systemTimers, now: () => nowMs };
  const { peer, poll, upload } = await (await world({ timers })).create();
  nowMs = 1_000;
  peer.say("anybody?");
  expect([peer.transport.lastHeardMs, peer.transport.lastSentMs]).toEqual([0, 1_000]);
  nowMs = 2_000;
  await poll(0);
  expect(peer.transport.lastHeardMs).toBe(2_000);
  nowMs = 3_000;
  await upload("first=1", ["yes"]);
  expect(peer.transport.lastHeardMs).toBe(3_000);
  nowMs = 4_000;
  // Who is not read from cannot be heard.
  const release = peer.transport.holdReading();
  nowMs = 5_000;
  expect(peer.transport.lastHeardMs).toBe(5_000);
  release();
  nowMs = 6_000;
  expect(peer.transport.lastHeardMs).toBe(5_000);
});
