/** First words and tokens, in both dialects: nothing is said of a document to who may not have it. */
import { encodeFrame, maxHelloBytes, synclinePath, type Message } from "@syncline/protocol";
import { closed, denied, either, ignored, left, refused, rejected, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { editBy } from "./edits.js";
import { hello, open, Speaker } from "./speaker.js";
import { StockStranger } from "./stranger.js";

/** Frames on a socket of the syncline dialect, before anything else was said on it. */
function begins(...frames: readonly Uint8Array[]) {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.connect(arena);
    speaker.send(...frames);
    return speaker.closed;
  };
}

const says = (...messages: readonly Message[]) => begins(encodeFrame(messages));
const helloOf = (changes: Partial<Extract<Message, { type: "hello" }>>): Message => ({
  type: "hello",
  version: 1,
  token: "writer",
  client: "stranger",
  ...changes,
});

/** A hello whose frame is `byteCount` long. */
function helloOfBytes(byteCount: number): Uint8Array {
  const padding = byteCount - encodeFrame([helloOf({ client: "x".repeat(200) })]).length;
  const frame = encodeFrame([helloOf({ client: "x".repeat(200 + padding) })]);
  // A longer text may take one byte more for its lengths.
  return frame.length === byteCount
    ? frame
    : encodeFrame([helloOf({ client: "x".repeat(200 + padding - (frame.length - byteCount)) })]);
}

async function isGreeted(arena: Arena, ...frames: readonly Uint8Array[]): Promise<Answer> {
  const speaker = await Speaker.connect(arena);
  speaker.send(...frames);
  return speaker.answer();
}

const notHello: Message[] = [
  { type: "open", requestId: 1, documentName: "attacked", token: "writer", clientId: 1, generation: "", have: { kind: "resume", seq: 1 } },
  { type: "update", room: 1, n: 1, update: editBy(901) },
  { type: "awareness", room: 1, update: Uint8Array.of(0) },
  { type: "event", room: 1, kind: 0, payload: new Uint8Array() },
  { type: "close", room: 1, code: 0, reason: "" },
  { type: "token", token: "writer", expiresInMs: 0 },
  { type: "ping", n: 1 },
  { type: "pong", n: 1 },
  { type: "welcome", version: 1, connectionId: "", heartbeatMs: 1, maxMessageBytes: 1, server: "" },
  { type: "goaway", reconnectAfterMs: 0, reason: "" },
]; // prettier-ignore

/** A client's, of a message of that size: the length in eight bytes, and the mask. */
const frameHeaderBytes = 14;

/** Once a second the server looks how much has come of messages of strangers that are not all there. */
const tooMuchOfAMessage = closed(4529, /more than 256 KiB of a message/);

const firstWords: HostileCase[] = [
  ...notHello.map((message) => ({ name: `${message.type} before hello`, attack: says(message, hello()), answer: closed(4400, /must be hello/) })),
  { name: "hello twice", attack: says(hello(), hello()), answer: closed(4400, /may not send hello/) },
  { name: "hello again, after a while, with another token", attack: async (arena) => { const speaker = await Speaker.greeted(arena, "reader"); speaker.say(hello("writer")); return speaker.closed; }, answer: closed(4400, /may not send hello/) },
  { name: "version 0", attack: says(helloOf({ version: 0 })), answer: closed(4400, /speaks version 1/) },
  { name: "version 2", attack: says(helloOf({ version: 2 })), answer: closed(4400, /speaks version 1/) },
  { name: "version 2^53-1", attack: says(helloOf({ version: Number.MAX_SAFE_INTEGER })), answer: closed(4400, /speaks version 1/) },
  { name: "a hello of exactly 8 KiB", attack: (arena) => isGreeted(arena, helloOfBytes(maxHelloBytes)), answer: ignored },
  { name: "a hello of 8 KiB and one byte", attack: begins(helloOfBytes(maxHelloBytes + 1)), answer: closed(4400, /8192 bytes/) },
  { name: "a small hello, and 8 KiB of other things in its frame", attack: begins(Buffer.concat([encodeFrame([hello()]), encodeFrame([{ type: "event", room: 1, kind: 0, payload: new Uint8Array(maxHelloBytes) }])])), answer: closed(4400, /8192 bytes/) },
  { name: "256 KiB instead of a hello, as much as is waited for from a stranger", attack: begins(new Uint8Array(256 * 1024 - frameHeaderBytes)), answer: closed(4400, /8192 bytes/) },
  { name: "8 MiB instead of a hello", attack: begins(new Uint8Array(8 * 1024 * 1024)), answer: either(closed(4400, /8192 bytes/), tooMuchOfAMessage) },
  { name: "an empty frame", attack: begins(new Uint8Array()), answer: closed(4400, /frame is empty/) },
  { name: "an empty message", attack: begins(Uint8Array.of(0)), answer: closed(4400, /bytes end/) },
  { name: "a hello without its last field", attack: begins(Uint8Array.of(3, 0, 1, 0)), answer: closed(4400, /bytes end/) },
  { name: "a hello whose token is longer than the frame", attack: begins(Uint8Array.of(4, 0, 1, 100, 65)), answer: closed(4400, /longer than/) },
  { name: "a hello whose token is not UTF-8", attack: begins(Uint8Array.of(6, 0, 1, 2, 0xff, 0xfe, 0)), answer: closed(4400, /UTF-8/) },
  { name: "a hello of a later client, with fields nobody knows", attack: (arena) => isGreeted(arena, Uint8Array.of(7, 0, 1, 0, 0, 9, 9, 9)), answer: ignored },
  { name: "messages nobody knows before hello", attack: (arena) => isGreeted(arena, Uint8Array.of(2, 99, 1), encodeFrame([hello()])), answer: ignored },
  { name: "a hello in the y-websocket dialect", attack: begins(Uint8Array.of(0, 0, 1, 0)), answer: closed(4400, /^/) },
  { name: "a syncline hello on a document's socket", attack: async (arena) => { const stranger = await StockStranger.open(arena); stranger.send(encodeFrame([hello()])); return stranger.answer(); }, answer: ignored },
]; // prettier-ignore

/** Opens the attacked document with a token of its own, or with the connection's. */
function opens(token: string, where: "hello" | "open" = "hello") {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.greeted(arena, where === "hello" ? token : "writer");
    speaker.say(open({ documentName: arena.room, token: where === "open" ? token : "" }));
    return speaker.verdict();
  };
}

/** Connects as stock providers do. */
function connects(token: string) {
  return async (arena: Arena): Promise<Answer> => {
    const stranger = await StockStranger.connect(arena, { token });
    return stranger.closed;
  };
}

const unaccepted: readonly (readonly [what: string, token: string])[] = [
  ["no token", ""],
  ["a token nobody knows", "guess"],
  ["a token that is a name of Object.prototype", "__proto__"],
  ["a token called constructor", "constructor"],
  ["a token with a null byte", "writer\0"],
  ["a token with a space around it", " writer"],
  ["a token in capitals", "WRITER"],
  ["a token that looks like a signed one without a signature", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbm4ifQ."],
  ["a token of emoji", "\u{1f511}"],
  ["a token that has expired", "expired-writer"],
];

async function opensOften(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena, "guess");
  for (let requestId = 1; requestId <= 500; requestId++) speaker.say(open({ documentName: arena.room, requestId }));
  await speaker.hears(() => speaker.messages.filter(({ type }) => type === "refused")[499]);
  return speaker.verdict();
}

async function writesBehindAnOpen(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.greeted(arena, "guess");
  speaker.say(
    open({ documentName: arena.room }),
    ...[1, 2, 3].map((room): Message => ({ type: "update", room, n: 1, update: editBy(902) })),
  );
  return speaker.verdict();
}

const tokens: HostileCase[] = [
  ...unaccepted.flatMap(([what, token]): HostileCase[] => [
    { name: `${what}, in hello`, attack: opens(token), answer: refused(4401, /nobody knows|expired/) },
    { name: `${what}, of a stock client`, attack: connects(token), answer: closed(4401, /nobody knows|expired/) },
  ]),
  { name: "a token nobody knows with an open, behind a good one in hello", attack: opens("guess", "open"), answer: refused(4401, /nobody knows/) },
  { name: "a token for another document", attack: opens("only elsewhere"), answer: refused(4401, /nobody knows/) },
  { name: "a token for another document, of a stock client", attack: connects("only elsewhere"), answer: closed(4401, /nobody knows/) },
  { name: "a token that allows nothing", attack: opens("nothing"), answer: refused(4403, /may not open/) },
  { name: "a token that allows nothing, of a stock client", attack: connects("nothing"), answer: closed(4403, /may not open/) },
  { name: "a token of 8,192 characters with an open", attack: opens("x".repeat(8_192), "open"), answer: refused(4401, /nobody knows/) },
  { name: "a token of 8,193 characters with an open", attack: opens("x".repeat(8_193), "open"), answer: refused(4401, /8192 characters/) },
  { name: "a token of 200 KB with an open", attack: opens("x".repeat(200_000), "open"), answer: refused(4401, /8192 characters/) },
  { name: "a token of a megabyte with an open", attack: opens("x".repeat(1024 * 1024), "open"), answer: either(refused(4401, /8192 characters/), tooMuchOfAMessage) },
  { name: "a token at which the callback throws", attack: opens("throwing"), answer: refused(4500, /could not be checked/) },
  { name: "a token at which the callback throws, of a stock client", attack: connects("throwing"), answer: closed(4500, /could not be checked/) },
  { name: "a token to which the callback answers nonsense", attack: opens("nonsense"), answer: refused(4500, /could not be checked|failed/) },
  { name: "a token to which the callback never answers", attack: opens("never"), answer: refused(4500, /could not be checked/) },
  { name: "a token to which the callback never answers, of a stock client", attack: connects("never"), answer: closed(4500, /could not be checked/) },
  { name: "two tokens in a query: the first is the token", attack: async ({ url, room }) => (await StockStranger.at(url, `/${room}?token=guess&token=writer`)).closed, answer: closed(4401, /nobody knows/) },
  { name: "a token in a query that is not percent-encoded UTF-8", attack: async ({ url, room }) => (await StockStranger.at(url, `/${room}?token=%ff%fe`)).closed, answer: closed(4401, /nobody knows/) },
  { name: "a token in the query of the syncline dialect, where it does not count", attack: async (arena) => { const speaker = await Speaker.connect(arena, `${synclinePath}?token=writer`); speaker.say(hello(""), open({ documentName: arena.room })); return speaker.verdict(); }, answer: refused(4401, /nobody knows/) },
  { name: "500 opens with bad tokens on one connection", attack: opensOften, answer: refused(4401, /nobody knows/) },
  { name: "edits behind an open that is refused", attack: writesBehindAnOpen, answer: refused(4401, /nobody knows/) },
  { name: "edits of a stock client whose token is bad, sent before it is told", attack: async ({ url, room }) => { const stranger = await StockStranger.at(url, `/${room}?token=guess`); stranger.say({ type: "update", update: editBy(903) }); return stranger.closed; }, answer: closed(4401, /nobody knows/) },
]; // prettier-ignore

/** A member with `token` that brings another in band. */
function replaces(before: string, after: string, then: (speaker: Speaker) => void = () => undefined) {
  return async (arena: Arena): Promise<Answer> => {
    const speaker = await Speaker.member(arena, { token: before });
    speaker.say({ type: "token", token: after, expiresInMs: 0 });
    then(speaker);
    return speaker.verdict();
  };
}

/** Once it was told of its new access it writes. */
async function writesAfterDowngrade(arena: Arena): Promise<Answer> {
  const speaker = await Speaker.member(arena);
  speaker.say({ type: "token", token: "reader", expiresInMs: 0 });
  await speaker.hearsMessage("access", ({ access }) => access === 1);
  speaker.update(1, editBy(904));
  return speaker.verdict();
}

const changes: HostileCase[] = [
  { name: "a good token, then one nobody knows", attack: replaces("writer", "guess"), answer: left(4401, /nobody knows/) },
  { name: "a good token, then none", attack: replaces("writer", ""), answer: left(4401, /nobody knows/) },
  { name: "a good token, then one that allows nothing", attack: replaces("writer", "nothing"), answer: left(4403, /may not open/) },
  { name: "a good token, then one that has expired", attack: replaces("writer", "expired-writer"), answer: left(4401, /expired/) },
  { name: "a good token, then one for presence only", attack: replaces("writer", "presence"), answer: left(4505, /has changed/) },
  { name: "a writer's token, then a reader's, and an edit", attack: writesAfterDowngrade, answer: rejected(4403, /not change it/) },
  { name: "a thousand tokens in a row: the last counts", attack: replaces("writer", "reader", (speaker) => { for (let index = 0; index < 1_000; index++) speaker.say({ type: "token", token: index % 2 ? "writer" : "reader", expiresInMs: 0 }); speaker.say({ type: "token", token: "nothing", expiresInMs: 0 }); }), answer: left(4403, /may not open/) },
  { name: "a token of a megabyte in band", attack: replaces("writer", "x".repeat(1024 * 1024)), answer: left(4401, /8192 characters/) },
  { name: "a token that says for how long it is good", attack: async (arena) => { const speaker = await Speaker.member(arena); speaker.say({ type: "token", token: "writer", expiresInMs: Number.MAX_SAFE_INTEGER }); return speaker.answer(); }, answer: ignored },
  { name: "staying when the token is over", attack: async (arena) => (await Speaker.member(arena, { token: "brief-writer" })).verdict(), answer: left(4401, /expired/) },
  { name: "staying when the token is over, of a stock client", attack: async (arena) => (await StockStranger.open(arena, { token: "brief-writer" })).closed, answer: closed(4401, /expired/) },
  { name: "an edit of a token for presence only, of a stock client", attack: async (arena) => { const stranger = await StockStranger.open(arena, { token: "presence" }); stranger.say({ type: "update", update: editBy(905) }); return stranger.answer(); }, answer: denied(/see who is here/) },
]; // prettier-ignore

const silences: HostileCase[] = [
  { name: "a socket that never says hello", attack: begins(), answer: closed(4508, /no hello within/) },
  { name: "a socket that says what nobody knows instead of hello", attack: begins(Uint8Array.of(2, 99, 1)), answer: closed(4508, /no hello within/) },
  { name: "a socket that pings, and never says hello", attack: async (arena) => { const speaker = await Speaker.connect(arena); speaker.ping(); return speaker.closed; }, answer: closed(4508, /no hello within/) },
  { name: "a shared socket without a stream", attack: async (arena) => (await Speaker.connect(arena, `${synclinePath}/shared`)).closed, answer: closed(4508, /no stream within/) },
]; // prettier-ignore

family("First words", firstWords);
family("Tokens", [...tokens, ...changes], {
  limits: { authorizeTimeoutMs: 300 },
  mayLog: /authorize (failed|must answer)/,
});
family("Sockets that say nothing", silences, { limits: { helloTimeoutMs: 200 } });
