/** Requests to upgrade and plain HTTP that are wrong, or at their limits, and the paths of the fallback transport. */
import { encodeFrame, synclinePath } from "@syncline/protocol";
import { closed, dropped, http, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { RawSocket, request, upgradeRequest } from "./raw-socket.js";
import { bodyOf, farewellOf, Session, sessionsPath } from "./session.js";
import { hello } from "./speaker.js";

/** Sends bytes as they are; the status that comes back. */
function sends(...parts: readonly (string | Uint8Array)[]) {
  return async (arena: Arena): Promise<Answer> => {
    const socket = await RawSocket.open(arena);
    socket.send(...parts);
    const answer = await socket.httpAnswer();
    socket.hangUp();
    return answer;
  };
}

/** An upgrade of the attacked document with other headers than it should have. */
function upgrades(changes: Readonly<Record<string, string | undefined>>, path = "/attacked?token=writer") {
  return sends(upgradeRequest(path, changes));
}

function gets(path: string, changes: Readonly<Record<string, string | undefined>> = {}, method = "GET") {
  return sends(request(`${method} ${path} HTTP/1.1`, { Host: "syncline.test", ...changes }));
}

const key = "Sec-WebSocket-Key";
const version = "Sec-WebSocket-Version";
const bare = "Host: syncline.test\r\n";

const upgradeCases: HostileCase[] = [
  { name: "an upgrade without a key", attack: upgrades({ [key]: undefined }), answer: http(400) },
  { name: "an upgrade with an empty key", attack: upgrades({ [key]: "" }), answer: http(400) },
  { name: "an upgrade with a key of 15 bytes", attack: upgrades({ [key]: Buffer.alloc(15).toString("base64") }), answer: http(400) },
  { name: "an upgrade with a key of 17 bytes", attack: upgrades({ [key]: Buffer.alloc(17).toString("base64") }), answer: http(400) },
  { name: "an upgrade with a key that is not base64", attack: upgrades({ [key]: "!!!!!!!!!!!!!!!!!!!!!!==" }), answer: http(400) },
  { name: "an upgrade without a version", attack: upgrades({ [version]: undefined }), answer: http(400) },
  { name: "an upgrade with version 7", attack: upgrades({ [version]: "7" }), answer: http(400) },
  { name: "an upgrade with version 14", attack: upgrades({ [version]: "14" }), answer: http(400) },
  { name: "an upgrade with two versions", attack: upgrades({ [version]: "13, 13" }), answer: http(400) },
  { name: "an upgrade to h2c", attack: upgrades({ Upgrade: "h2c" }), answer: http(400) },
  { name: "an upgrade to a WebSocket and something else", attack: upgrades({ Upgrade: "websocket, h2c" }), answer: http(400) },
  { name: "an upgrade by POST", attack: sends(upgradeRequest("/attacked").replace("GET", "POST")), answer: http(405) },
  { name: "an upgrade without \"Connection: Upgrade\" is a plain request", attack: upgrades({ Connection: "keep-alive" }), answer: http(404) },
  { name: "an upgrade without a host", attack: upgrades({ Host: undefined }), answer: http(400) },
  { name: "an upgrade from a page, without a host", attack: upgrades({ Host: undefined, Origin: "https://evil.test" }), answer: http(400) },
  { name: "an upgrade with a protocol that is no token", attack: upgrades({ "Sec-WebSocket-Protocol": "a,,b" }), answer: http(400) },
  { name: "an upgrade with the same protocol twice", attack: upgrades({ "Sec-WebSocket-Protocol": "a, a" }), answer: http(400) },
  { name: "an upgrade from a page of another host", attack: upgrades({ Origin: "https://evil.test" }), answer: http(403) },
  { name: "an upgrade from a sandboxed page, whose origin is \"null\"", attack: upgrades({ Origin: "null" }), answer: http(403) },
  { name: "an upgrade from a page whose host begins with the server's", attack: upgrades({ Origin: "https://syncline.test.evil.test" }), answer: http(403) },
  { name: "an upgrade from a page whose host ends in the server's", attack: upgrades({ Origin: "https://evil-syncline.test" }), answer: http(403) },
  { name: "an upgrade from a page of the server's host on another port", attack: upgrades({ Host: "syncline.test:1234", Origin: "http://syncline.test:4321" }), answer: http(101) },
  { name: "an upgrade with an origin that is no URL", attack: upgrades({ Origin: "::::" }), answer: http(403) },
  { name: "an upgrade from another host that says it came through a proxy for this one", attack: upgrades({ Origin: "https://evil.test", "X-Forwarded-Host": "evil.test", Forwarded: "host=evil.test" }), answer: http(403) },
  { name: "a shared socket from a page of another host", attack: upgrades({ Origin: "https://evil.test" }, `${synclinePath}/shared`), answer: http(403) },
]; // prettier-ignore

/** So that the headers are `byteCount` long with everything. */
function padded(byteCount: number): string {
  const empty = request("GET /health HTTP/1.1", { Host: "syncline.test", A: "" });
  return request("GET /health HTTP/1.1", { Host: "syncline.test", A: "a".repeat(byteCount - empty.length) });
}

const sizes: HostileCase[] = [
  { name: "headers just below 8 KiB", attack: sends(padded(8_000)), answer: http(200) },
  { name: "headers above 8 KiB", attack: sends(padded(8_400)), answer: http(431) },
  { name: "headers of 1 MB", attack: sends(padded(1_000_000)), answer: http(431) },
  { name: "headers above 8 KiB on an upgrade", attack: upgrades({ Cookie: "a".repeat(9_000) }), answer: http(431) },
  { name: "2,000 headers, each small", attack: sends(request("GET /health HTTP/1.1", { Host: "syncline.test", ...Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`A${index}`, "1"])) })), answer: http(431) },
  { name: "a URL of 2 KiB", attack: gets(`/${"x".repeat(2_047)}`), answer: http(404) },
  { name: "a URL of one byte above 2 KiB", attack: gets(`/${"x".repeat(2_048)}`), answer: http(414) },
  { name: "an upgrade with a URL above 2 KiB", attack: upgrades({}, `/attacked?token=${"x".repeat(2_100)}`), answer: http(414) },
  { name: "a URL of 100 KB", attack: gets(`/${"x".repeat(100_000)}`), answer: http(431) },
]; // prettier-ignore

const malformed: HostileCase[] = [
  { name: "noise", attack: sends(Uint8Array.from({ length: 500 }, (_, index) => (index * 37) % 256)), answer: http(400) },
  { name: "a TLS ClientHello on a port without TLS", attack: sends(Uint8Array.from([22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3, ...new Uint8Array(64)])), answer: http(400) },
  { name: "the preface of HTTP/2", attack: sends("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), answer: http(400) },
  { name: "HTTP/3.0", attack: sends(`GET / HTTP/3.0\r\n${bare}\r\n`), answer: http(400) },
  { name: "a request line without a version, as of HTTP/0.9", attack: sends(`GET /\r\n${bare}\r\n`), answer: http(200) },
  { name: "a method in small letters", attack: sends(`get / HTTP/1.1\r\n${bare}\r\n`), answer: http(400) },
  { name: "a method nobody knows", attack: sends(`HACK / HTTP/1.1\r\n${bare}\r\n`), answer: http(400) },
  { name: "no host", attack: sends("GET / HTTP/1.1\r\n\r\n"), answer: http(400) },
  { name: "lines that end without a carriage return", attack: sends("GET /health HTTP/1.1\nHost: syncline.test\n\n"), answer: http(400) },
  { name: "a space before a header's colon", attack: sends("GET /health HTTP/1.1\r\nHost : syncline.test\r\n\r\n"), answer: http(400) },
  { name: "a folded header", attack: sends(`GET /health HTTP/1.1\r\n${bare}A: b\r\n c\r\n\r\n`), answer: http(400) },
  { name: "a null byte in a header", attack: sends(`GET /health HTTP/1.1\r\n${bare}A: b\0c\r\n\r\n`), answer: http(400) },
  { name: "a length and chunks, as smugglers send them", attack: sends(`POST ${sessionsPath} HTTP/1.1\r\n${bare}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`), answer: http(400) },
  { name: "two lengths that differ", attack: sends(`POST ${sessionsPath} HTTP/1.1\r\n${bare}Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello!`), answer: http(400) },
  { name: "a length that is no number", attack: sends(`POST ${sessionsPath} HTTP/1.1\r\n${bare}Content-Length: 0x10\r\n\r\n`), answer: http(400) },
  { name: "a length below zero", attack: sends(`POST ${sessionsPath} HTTP/1.1\r\n${bare}Content-Length: -1\r\n\r\n`), answer: http(400) },
  { name: "an encoding after chunked", attack: sends(`POST /health HTTP/1.1\r\n${bare}Transfer-Encoding: chunked, identity\r\n\r\n`), answer: http(400) },
  { name: "an expectation nobody can meet", attack: gets("/health", { Expect: "more" }), answer: http(417) },
]; // prettier-ignore

const paths: HostileCase[] = [
  { name: "a path out of the server's directory", attack: gets("/../../../etc/passwd"), answer: http(404) },
  { name: "the same, percent-encoded", attack: gets("/%2e%2e/%2e%2e/etc/passwd"), answer: http(404) },
  { name: "the same, with backslashes", attack: gets("/..\\..\\etc\\passwd"), answer: http(404) },
  { name: "a null byte in a path", attack: gets("/health%00.html"), answer: http(404) },
  { name: "percent-encoding that is none", attack: gets("/%zz"), answer: http(404) },
  { name: "__proto__", attack: gets("/__proto__"), answer: http(404) },
  { name: "a whole URL of another server, as one asks a proxy", attack: gets("http://evil.test/"), answer: http(404) },
  { name: "CONNECT, as one asks a proxy", attack: sends(`CONNECT evil.test:443 HTTP/1.1\r\n${bare}\r\n`), answer: dropped },
  ...["POST", "PUT", "DELETE", "PATCH", "TRACE", "OPTIONS"].map((method) => ({ name: `${method} of the metrics`, attack: gets("/metrics", { "Content-Length": "0" }, method), answer: http(405) })),
  { name: "a body with a GET", attack: sends(`GET /health HTTP/1.1\r\n${bare}Content-Length: 5\r\n\r\nhello`), answer: http(200) },
  { name: "the control endpoint's paths, which are on another port", attack: gets("/documents"), answer: http(404) },
]; // prettier-ignore

async function pipelined(arena: Arena): Promise<Answer> {
  const socket = await RawSocket.open(arena);
  const count = 200;
  socket.send(request("HEAD /health HTTP/1.1", { Host: "syncline.test" }).repeat(count));
  const statuses = new Set<number | undefined>();
  for (let index = 0; index < count; index++) statuses.add(await socket.status());
  socket.hangUp();
  return statuses.size === 1 ? { kind: "http", status: [...statuses][0] ?? 0 } : { kind: "dropped" };
}

/** A request that is never finished, and given up by who sends it. */
function abandons(...parts: readonly string[]) {
  return async (arena: Arena): Promise<Answer> => {
    const socket = await RawSocket.open(arena);
    socket.send(...parts);
    // Another connection's answer: what was sent here before has been read.
    await fetch(`${arena.httpUrl}/health`);
    socket.hangUp();
    await socket.ended;
    return dropped;
  };
}

const connections: HostileCase[] = [
  { name: "200 requests at once on one connection", attack: pipelined, answer: http(200) },
  { name: "a request without an end: it hangs up", attack: abandons(`GET / HTTP/1.1\r\n${bare}A: `), answer: dropped },
  { name: "an upload whose body does not come: it hangs up", attack: abandons(`POST ${sessionsPath} HTTP/1.1\r\n${bare}Content-Length: 1000\r\n\r\nabc`), answer: dropped },
]; // prettier-ignore

/** One request to a session of its own. */
function asks(rest: string, init?: RequestInit) {
  return async (arena: Arena): Promise<Answer> => {
    const session = await Session.open(arena);
    return farewellOf(await session.ask(rest, init));
  };
}

const post = (body: Uint8Array<ArrayBuffer>): RequestInit => ({ method: "POST", body });
const greeting = bodyOf(encodeFrame([hello()]));

/** What a session is told after an upload. */
function endsAfter(rest: string, body: Uint8Array<ArrayBuffer>) {
  return async (arena: Arena): Promise<Answer> => {
    const session = await Session.open(arena);
    const answer = await session.ask(rest, post(body));
    return farewellOf(answer.status === 410 ? answer : await session.ask("/poll?ack=0"));
  };
}

async function isToldOfSize(arena: Arena): Promise<Answer> {
  const session = await Session.open(arena);
  await sends(`POST ${sessionsPath}/${session.id}/frames?first=1 HTTP/1.1\r\n${bare}Content-Length: 8388700\r\n\r\n`)(
    arena,
  );
  return farewellOf(await session.ask("/poll?ack=0"));
}

/** One byte more than a frame of a stranger and its length. Bytes that nobody reads would turn the answer into a reset. */
async function sendsUnannounced(arena: Arena): Promise<Answer> {
  const { id } = await Session.open(arena);
  const byteCount = 256 * 1024 + 8 + 1;
  return sends(
    `POST ${sessionsPath}/${id}/frames?first=1 HTTP/1.1\r\n${bare}Transfer-Encoding: chunked\r\n\r\n`,
    `${byteCount.toString(16)}\r\n`,
    new Uint8Array(byteCount),
  )(arena);
}

async function pollsTwice(arena: Arena): Promise<Answer> {
  const session = await Session.open(arena);
  const first = session.ask("/poll?ack=0");
  const second = session.ask("/poll?ack=0");
  const ended = await Promise.race([first, second]);
  await session.ask("/frames?first=1&last=1", post(greeting));
  return farewellOf(ended);
}

async function uploadsTwice(arena: Arena): Promise<Answer> {
  const session = await Session.open(arena);
  const socket = await RawSocket.open(arena);
  socket.send(`POST ${sessionsPath}/${session.id}/frames?first=1 HTTP/1.1\r\n${bare}Content-Length: 100\r\n\r\nabc`);
  const answer = await farewellOf(await session.ask("/frames?first=1", post(greeting)));
  socket.hangUp();
  return answer;
}

const sessionCases: HostileCase[] = [
  { name: "a session by GET", attack: gets(sessionsPath), answer: http(405) },
  { name: "a session by PUT", attack: gets(sessionsPath, { "Content-Length": "0" }, "PUT"), answer: http(405) },
  { name: "a session nobody has", attack: gets(`${sessionsPath}/AAAAAAAAAAAAAAAAAAAAAA/poll`), answer: http(404) },
  { name: "a session of the empty name", attack: gets(`${sessionsPath}/`), answer: http(404) },
  { name: "a session called __proto__", attack: gets(`${sessionsPath}/__proto__/events`), answer: http(404) },
  { name: "a session's path with one part too many", attack: asks("/poll/more"), answer: http(404) },
  { name: "a session's path that is none of its three", attack: asks("/delete"), answer: http(404) },
  { name: "frames by GET", attack: asks("/frames?first=1", { method: "GET" }), answer: http(405) },
  { name: "a poll by GET", attack: asks("/poll?ack=0", { method: "GET" }), answer: http(405) },
  { name: "events by POST", attack: asks("/events?ack=0"), answer: http(405) },
  { name: "a poll that acknowledges nothing", attack: asks("/poll"), answer: http(409) },
  { name: "a poll that acknowledges what was not sent", attack: asks("/poll?ack=1"), answer: http(409) },
  { name: "a poll that acknowledges -1", attack: asks("/poll?ack=-1"), answer: http(409) },
  { name: "a poll that acknowledges 2^64", attack: asks("/poll?ack=18446744073709551616"), answer: http(409) },
  { name: "events after what is no number", attack: asks("/events?ack=NaN", { method: "GET" }), answer: http(409) },
  { name: "events after a frame named in a header that was not sent", attack: asks("/events?ack=0", { method: "GET", headers: { "Last-Event-ID": "99" } }), answer: http(409) },
  { name: "frames without a number", attack: asks("/frames", post(greeting)), answer: http(400) },
  { name: "frames from number 0", attack: asks("/frames?first=0", post(greeting)), answer: http(400) },
  { name: "frames from a number that is none", attack: asks("/frames?first=1e3", post(greeting)), answer: http(400) },
  { name: "frames that begin after a hole", attack: endsAfter("/frames?first=2", greeting), answer: closed(4510, /lost on the way/) },
  { name: "a body that was cut", attack: endsAfter("/frames?first=1", greeting.slice(0, -1)), answer: closed(4510, /damaged/) },
  { name: "a body of noise", attack: endsAfter("/frames?first=1", Uint8Array.of(0x80, 0x00, 1)), answer: closed(4510, /damaged/) },
  { name: "a frame in a body that is empty", attack: endsAfter("/frames?first=1", bodyOf(new Uint8Array())), answer: closed(4400, /empty/) },
  { name: "a body that announces more than 8 MiB", attack: async (arena) => { const { id } = await Session.open(arena); return sends(`POST ${sessionsPath}/${id}/frames?first=1 HTTP/1.1\r\n${bare}Content-Length: 8388700\r\n\r\n`)(arena); }, answer: http(413) },
  { name: "what the session is told after a body that announces more than 8 MiB", attack: isToldOfSize, answer: closed(4413, /262144/) },
  { name: "more than 256 KiB from a stranger, in chunks whose length nobody announced", attack: sendsUnannounced, answer: http(413) },
  { name: "a body that announces 1 TB", attack: async (arena) => { const { id } = await Session.open(arena); return sends(`POST ${sessionsPath}/${id}/frames?first=1 HTTP/1.1\r\n${bare}Content-Length: 1000000000000\r\n\r\n`)(arena); }, answer: http(413) },
  { name: "a body in chunks, the size of one of which is no number", attack: async (arena) => { const { id } = await Session.open(arena); return sends(`POST ${sessionsPath}/${id}/frames?first=1 HTTP/1.1\r\n${bare}Transfer-Encoding: chunked\r\n\r\nzz\r\n`)(arena); }, answer: http(400) },
  { name: "no hello, but something else", attack: endsAfter("/frames?first=1", bodyOf(encodeFrame([{ type: "ping", n: 1 }]))), answer: closed(4400, /must be hello/) },
  { name: "frames after the client left", attack: async (arena) => { const session = await Session.open(arena); await session.ask("/frames?first=1&last=1", post(greeting)); return farewellOf(await session.ask("/frames?first=2", post(greeting))); }, answer: http(404) },
  { name: "a second poll: the first is ended", attack: pollsTwice, answer: http(204) },
  { name: "an upload in the place of one that has not ended", attack: uploadsTwice, answer: http(204) },
  { name: "a session from a page of another host", attack: gets(sessionsPath, { Origin: "https://evil.test", "Content-Length": "0" }, "POST"), answer: http(403) },
  { name: "a preflight from a page of another host", attack: gets(sessionsPath, { Origin: "https://evil.test", "Access-Control-Request-Method": "POST" }, "OPTIONS"), answer: http(403) },
]; // prettier-ignore

family("HTTP: upgrades", upgradeCases);
family("HTTP: plain requests", [...sizes, ...malformed, ...paths, ...connections]);
family("HTTP: sessions of clients without WebSockets", sessionCases);
