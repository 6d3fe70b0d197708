/** Too much of what is allowed: events, questions, sessions, connections, mistakes, and answers that nobody reads. */
import { encodeAwarenessUpdate, encodeFrame, type Message } from "@syncline/protocol";
import { closed, dropped, http, ignored, refused, taken, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { frame, opcodes, RawSocket, request, upgradeRequest } from "./raw-socket.js";
import { bodyOf, farewellOf, Session, sessionsPath } from "./session.js";
import { hello, open, Speaker } from "./speaker.js";
import { StockStranger } from "./stranger.js";

/** Sends events at once; how many of them another member hears, and how long that took. */
async function eventsHeard(arena: Arena, count: number, byteCount: number) {
  const watcher = await Speaker.member(arena, { clientId: 67 });
  const speaker = await Speaker.member(arena);
  const event: Message = { type: "event", room: speaker.room, kind: 0, payload: new Uint8Array(byteCount) };
  const startMs = performance.now();
  for (let index = 0; index < count; index++) speaker.say(event);
  await speaker.answer();
  const seconds = (performance.now() - startMs) / 1_000;
  await watcher.answer();
  return { heardCount: watcher.messages.filter(({ type }) => type === "event").length, seconds };
}

/** @param perSecond how many more may pass meanwhile, which on a busy machine is a while */
function events(count: number, byteCount: number, mayPass: { readonly atOnce: number; readonly perSecond: number }) {
  return async (arena: Arena): Promise<Answer> => {
    const { heardCount, seconds } = await eventsHeard(arena, count, byteCount);
    const most = mayPass.atOnce + mayPass.perSecond * seconds;
    return heardCount >= Math.min(count, mayPass.atOnce) && heardCount <= most
      ? taken
      : { kind: "left", code: heardCount, reason: `heard; at most ${most}` };
  };
}

async function manyAsk(arena: Arena): Promise<Answer> {
  const strangers = await Promise.all(Array.from({ length: 20 }, () => StockStranger.open(arena)));
  for (const stranger of strangers)
    for (let count = 0; count < 150; count++) stranger.say({ type: "sync-step-1", stateVector: Uint8Array.of(0) });
  const answers = await Promise.all(strangers.map((stranger) => stranger.answer()));
  return answers.find(({ kind }) => kind !== "ignored") ?? ignored;
}

async function manyComeAndGo(arena: Arena): Promise<Answer> {
  for (let round = 0; round < 10; round++) {
    const strangers = await Promise.all(Array.from({ length: 20 }, () => StockStranger.connect(arena)));
    for (const stranger of strangers) stranger.leave();
  }
  return (await StockStranger.open(arena)).answer();
}

async function manyAnnounceAndGo(arena: Arena): Promise<Answer> {
  const strangers = await Promise.all(Array.from({ length: 100 }, () => StockStranger.open(arena)));
  strangers.forEach((stranger, index) => {
    stranger.say({
      type: "awareness",
      update: encodeAwarenessUpdate([{ clientId: 3_000_000_000 + index, clock: 1, state: "{}" }]),
    });
    stranger.leave();
  });
  return (await StockStranger.open(arena)).answer();
}

const members: HostileCase[] = [
  { name: "1,000 events at once: 40 pass", attack: events(1_000, 10, { atOnce: 40, perSecond: 20 }), answer: taken },
  { name: "20 events of 64 KiB at once: 256 KiB of them pass", attack: events(20, 65_536, { atOnce: 4, perSecond: 4 }), answer: taken },
  { name: "3,000 questions for the whole document, y-websocket", attack: async (arena) => { const stranger = await StockStranger.open(arena); for (let count = 0; count < 3_000; count++) stranger.say({ type: "sync-step-1", stateVector: Uint8Array.of(0) }); return stranger.answer(); }, answer: ignored },
  { name: "3,000 questions for the whole document by members of 20 sockets", attack: manyAsk, answer: ignored },
  { name: "200 sockets that open the document and go", attack: manyComeAndGo, answer: ignored },
  { name: "100 members who announce themselves and go, all at once", attack: manyAnnounceAndGo, answer: ignored, leavesTraces: true },
]; // prettier-ignore

/** Asks without reading the answers, until the server hangs up. */
function doesNotRead(begin: (arena: Arena) => Promise<RawSocket>, question: Uint8Array) {
  return async (arena: Arena): Promise<Answer> => {
    const socket = await begin(arena);
    await socket.asksUntilEnded(question);
    return dropped;
  };
}

const pings = Buffer.concat(
  Array<Uint8Array>(1_000).fill(frame({ opcode: opcodes.ping, payload: new Uint8Array(125) })),
);
const opens = frame({
  opcode: opcodes.binary,
  payload: encodeFrame(Array.from({ length: 50 }, () => open({ documentName: "x".repeat(256) }))),
});

async function greeted(arena: Arena): Promise<RawSocket> {
  const socket = await RawSocket.upgraded(arena, "/.syncline/v1");
  socket.send(frame({ opcode: opcodes.binary, payload: encodeFrame([hello()]) }));
  return socket;
}

async function sessionDoesNotRead(arena: Arena): Promise<Answer> {
  const session = await Session.open(arena);
  await session.say(hello(), open({ documentName: arena.room }));
  const many = Array<Message>(10_000).fill({ type: "ping", n: Number.MAX_SAFE_INTEGER });
  for (let count = 0; count < 100; count++) {
    const answer = await session.say(...many);
    if (answer.status === 410) return farewellOf(answer);
  }
  return { kind: "silence" };
}

const unread: HostileCase[] = [
  { name: "pings by one who reads none of the pongs", attack: doesNotRead((arena) => RawSocket.upgraded(arena, `/${arena.room}?token=writer`), pings), answer: dropped },
  { name: "opens by one who reads none of the refusals", attack: doesNotRead(greeted, opens), answer: dropped },
  { name: "a session that reads nothing of what it asks for", attack: sessionDoesNotRead, answer: closed(4508, /did not say it has|does not read/) },
]; // prettier-ignore

const connectsPerSecond = 1;

const from = (address: string) => ({ "X-Forwarded-For": address });

/** Connects `count` times, and holds what it gets; the last answer. */
function connects(count: number, address: (index: number) => string) {
  return async (arena: Arena): Promise<Answer> => {
    let answer: Answer = { kind: "silence" };
    const sockets: RawSocket[] = [];
    for (let index = 0; index < count; index++) {
      const socket = await RawSocket.open(arena);
      socket.send(upgradeRequest("/.syncline/v1", from(address(index))));
      answer = await socket.httpAnswer();
      sockets.push(socket);
    }
    for (const socket of sockets) socket.hangUp();
    return answer;
  };
}

/** The same, each gone before the next comes, and `count` of them or as many more as are let in while it takes. */
function comesAndGoes(count: number, address: string, line: string) {
  return async (arena: Arena): Promise<Answer> => {
    const startMs = performance.now();
    const maxCount = () => count + ((performance.now() - startMs) / 1_000) * connectsPerSecond;
    for (let index = 1; index <= maxCount(); index++) {
      const socket = await RawSocket.open(arena);
      socket.send(
        line === "upgrade"
          ? upgradeRequest("/.syncline/v1", from(address))
          : request(line, { Host: "syncline.test", "Content-Length": "0", ...from(address) }),
      );
      const answer = await socket.httpAnswer();
      socket.hangUp();
      const isLetIn = answer.kind === "http" && answer.status < 400;
      if (!isLetIn) return index < count ? { kind: "left", code: index, reason: "too early" } : answer;
    }
    return { kind: "silence" };
  };
}

const strangers: HostileCase[] = [
  { name: "as many sockets of one address as there may be that have opened nothing", attack: connects(10, () => "203.0.113.1"), answer: http(101) },
  { name: "one more", attack: connects(11, () => "203.0.113.2"), answer: http(429) },
  { name: "one more, of addresses in one IPv6 network", attack: connects(11, (index) => `2001:db8::${index.toString(16)}`), answer: http(429) },
  { name: "as many, of addresses in several IPv6 networks", attack: connects(11, (index) => `2001:db8:0:${index.toString(16)}::1`), answer: http(101) },
  { name: "one more, of an address that names itself with other addresses before it", attack: connects(11, (index) => `198.51.100.${index}, 203.0.113.3`), answer: http(429) },
  { name: "an address that is none: it is the proxy's", attack: connects(11, () => "nonsense"), answer: http(101) },
  { name: "more connections of one address in a moment than there may be", attack: comesAndGoes(21, "203.0.113.4", "upgrade"), answer: http(429) },
  { name: "more sessions of one address than it may have, which stay when their connections go", attack: comesAndGoes(11, "203.0.113.5", `POST ${sessionsPath} HTTP/1.1`), answer: http(429) },
  { name: "another address, behind one that has used up its own", attack: connects(1, () => "203.0.113.6"), answer: http(101) },
]; // prettier-ignore

const pretenders: HostileCase[] = [
  { name: "an address in a header, where no proxy is trusted: it does not count", attack: connects(11, () => "203.0.113.1"), answer: http(101) },
]; // prettier-ignore

async function opensSessions(arena: Arena): Promise<Answer> {
  let answer: Answer = { kind: "silence" };
  const sessions: Session[] = [];
  for (let count = 0; count < 5; count++) sessions.push(await Session.open(arena));
  answer = await farewellOf(await fetch(arena.httpUrl + sessionsPath, { method: "POST" }));
  for (const session of sessions)
    await session.ask("/frames?first=1&last=1", { method: "POST", body: bodyOf(encodeFrame([hello()])) });
  return answer;
}

const capacity: HostileCase[] = [
  { name: "more sessions than the server has", attack: opensSessions, answer: http(503) },
  { name: "more connections than the server carries", attack: connects(30, () => "127.0.0.1"), answer: http(503) },
  { name: "a member more than a document has", attack: async (arena) => { await Promise.all(Array.from({ length: 6 }, () => Speaker.member(arena))); const speaker = await Speaker.greeted(arena); speaker.say(open({ documentName: arena.room })); return speaker.verdict(); }, answer: refused(4529, /./) },
]; // prettier-ignore

/** Breaks off `count` times, as nobody does by accident. */
async function breaksOff(arena: Arena, token: string, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const stranger = await StockStranger.open(arena, { token });
    stranger.say({ type: "update", update: Uint8Array.of(9, 9, 9) });
    await stranger.closed;
  }
}

function opensAfter(count: number, token: string, next = token) {
  return async (arena: Arena): Promise<Answer> => {
    await breaksOff(arena, token, count);
    const speaker = await Speaker.greeted(arena, next);
    speaker.say(open({ documentName: arena.room }));
    await speaker.hears(() => speaker.messages.find(({ type }) => type === "opened" || type === "refused"));
    return speaker.answer();
  };
}

const strikes: HostileCase[] = [
  { name: "four broken updates of one person: it may come back", attack: opensAfter(4, "mallory/1"), answer: ignored },
  { name: "a fifth: it is refused for ten minutes", attack: opensAfter(1, "mallory/1"), answer: refused(4529, /too many broken updates; come back in 10 minutes/) },
  { name: "the same person with another token", attack: opensAfter(0, "mallory/2"), answer: refused(4529, /too many broken updates/) },
  { name: "the same person by a stock client", attack: async (arena) => (await StockStranger.connect(arena, { token: "mallory/3" })).closed, answer: closed(4529, /too many broken updates/) },
  { name: "somebody else, meanwhile", attack: opensAfter(0, "carol/1"), answer: ignored },
  { name: "ten broken updates of nobody in particular, from this machine", attack: opensAfter(10, "writer"), answer: ignored },
]; // prettier-ignore

family("Floods of members", members);
family("Answers that are not read", unread, {
  limits: { maxUnsentAnswerBytes: 1024 * 1024, maxHttpSessionBytes: 1024 * 1024 },
});
family("Strangers of one address", strangers, {
  trustedProxies: ["loopback"],
  limits: { maxStrangersPerAddress: 10, connectBurst: 20, connectsPerSecond },
});
family("Strangers who say where they are from", pretenders, {
  limits: { maxStrangersPerAddress: 10, connectBurst: 20, connectsPerSecond },
});
family("A server that is full", capacity, { limits: { maxHttpSessions: 5, maxConnections: 20, maxMembersPerRoom: 8 } });
family("Mistakes of one person", strikes);
