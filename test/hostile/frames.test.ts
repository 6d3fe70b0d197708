/** WebSocket frames that RFC 6455 does not allow, and some that it does: the same socket layer for both dialects. */
import { encodeYWebsocketMessage, synclinePath } from "@syncline/protocol";
import { closed, dropped, ignored, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { editBy } from "./edits.js";
import { closeFrame, frame, opcodes, RawSocket, upgradeRequest, type FrameSpec } from "./raw-socket.js";

const { binary, text, continuation, close, ping, pong } = opcodes;
const MiB = 1024 * 1024;

/** A message of a type that neither dialect knows: nothing happens, whatever its length. */
const unknownMessage = (byteCount: number) => new Uint8Array(byteCount).fill(77);
const edit = encodeYWebsocketMessage({ type: "update", update: editBy(900) });
const words = (string: string) => new TextEncoder().encode(string);

const memberPath = ({ room }: Arena) => `/${room}?token=writer`;

/** Sends them after the handshake; what the server closes with. */
function closes(...parts: readonly (FrameSpec | Uint8Array)[]) {
  return async (arena: Arena): Promise<Answer> => {
    const socket = await sent(arena, parts);
    return socket.closeAnswer();
  };
}

/** The same, for what is to be as if it had not been. */
function passes(...parts: readonly (FrameSpec | Uint8Array)[]) {
  return async (arena: Arena): Promise<Answer> => {
    const socket = await sent(arena, parts);
    const answer = await socket.pingAnswer();
    socket.hangUp();
    return answer;
  };
}

async function sent(arena: Arena, parts: readonly (FrameSpec | Uint8Array)[]): Promise<RawSocket> {
  const socket = await RawSocket.upgraded(arena, memberPath(arena));
  socket.send(...parts.map((part) => (part instanceof Uint8Array ? part : frame(part))));
  return socket;
}

/** Sends them, and goes without a word. */
function vanishes(...parts: readonly Uint8Array[]) {
  return async (arena: Arena): Promise<Answer> => {
    const socket = await sent(arena, parts);
    socket.hangUp();
    await socket.ended;
    return dropped;
  };
}

const broken = (reason: RegExp = /^/) => closed(1002, reason);

const headers: HostileCase[] = [
  { name: "a frame that is not masked", attack: closes({ opcode: binary, payload: edit, isMasked: false }), answer: broken() },
  { name: "a ping that is not masked", attack: closes({ opcode: ping, isMasked: false }), answer: broken() },
  { name: "a close that is not masked", attack: closes({ opcode: close, isMasked: false }), answer: broken() },
  { name: "reserved bit 1, as if it were compressed", attack: closes({ opcode: binary, payload: edit, reserved: 4 }), answer: broken() },
  { name: "reserved bit 2", attack: closes({ opcode: binary, payload: edit, reserved: 2 }), answer: broken() },
  { name: "reserved bit 3", attack: closes({ opcode: binary, payload: edit, reserved: 1 }), answer: broken() },
  { name: "a reserved bit on a ping", attack: closes({ opcode: ping, reserved: 4 }), answer: broken() },
  ...[3, 7].map((opcode) => ({ name: `data of the reserved kind ${opcode}`, attack: closes({ opcode, payload: edit }), answer: broken() })),
  ...[11, 15].map((opcode) => ({ name: `a control frame of the reserved kind ${opcode}`, attack: closes({ opcode }), answer: broken() })),
]; // prettier-ignore

const lengths: HostileCase[] = [
  { name: "a frame of exactly 8 MiB", attack: passes({ opcode: binary, payload: unknownMessage(8 * MiB) }), answer: ignored },
  { name: "a frame that announces one byte above 8 MiB, before any of it has come", attack: closes(frame({ opcode: binary, length: 8 * MiB + 1 })), answer: closed(1009, /^/) },
  { name: "a frame that announces 2^53 bytes", attack: closes(frame({ opcode: binary, length: 2 ** 53 })), answer: closed(1009, /^/) },
  { name: "a frame that announces 2^63 bytes", attack: closes(frame({ opcode: binary, length: 2 ** 63 })), answer: closed(1009, /^/) },
  { name: "a length of 5 written in two bytes", attack: passes({ opcode: binary, payload: unknownMessage(5), lengthBytes: 2 }), answer: ignored },
  { name: "a length of 5 written in eight bytes", attack: passes({ opcode: binary, payload: unknownMessage(5), lengthBytes: 8 }), answer: ignored },
  { name: "half a frame, then nothing: it hangs up", attack: vanishes(frame({ opcode: binary, payload: edit }).slice(0, 20)), answer: dropped },
  { name: "a header cut in its length, then nothing: it hangs up", attack: vanishes(frame({ opcode: binary, length: 70_000 }).slice(0, 6)), answer: dropped },
  { name: "8 MiB announced and one byte sent: it hangs up", attack: vanishes(frame({ opcode: binary, length: 8 * MiB }), Uint8Array.of(0)), answer: dropped },
  { name: "a frame that comes byte by byte", attack: passes(...[...frame({ opcode: binary, payload: unknownMessage(40) })].map((byte) => Uint8Array.of(byte))), answer: ignored },
]; // prettier-ignore

/** A message cut into `count` fragments of `byteCount` each. */
function fragments(count: number, byteCount: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    frame({
      opcode: index === 0 ? binary : continuation,
      isFinal: index === count - 1,
      payload: unknownMessage(byteCount),
    }),
  );
}

const fragmented: HostileCase[] = [
  { name: "a continuation of nothing", attack: closes({ opcode: continuation, payload: edit }), answer: broken() },
  { name: "a last fragment of nothing", attack: closes({ opcode: continuation }), answer: broken() },
  { name: "another message inside a fragmented one", attack: closes({ opcode: binary, isFinal: false, payload: edit }, { opcode: binary, payload: edit }), answer: broken() },
  { name: "a text frame inside a fragmented binary message", attack: closes({ opcode: binary, isFinal: false }, { opcode: text }), answer: broken() },
  { name: "a ping in fragments", attack: closes({ opcode: ping, isFinal: false }), answer: broken() },
  { name: "a close in fragments", attack: closes({ opcode: close, isFinal: false }), answer: broken() },
  { name: "a ping between two fragments", attack: passes({ opcode: binary, isFinal: false, payload: unknownMessage(9) }, { opcode: ping }, { opcode: continuation, payload: unknownMessage(9) }), answer: ignored },
  { name: "a close between two fragments: the message is not taken", attack: closes({ opcode: binary, isFinal: false, payload: edit }, closeFrame(1000), { opcode: continuation }), answer: closed(1000, /^$/) },
  { name: "fragments of nothing before the last", attack: passes({ opcode: binary, isFinal: false }, { opcode: continuation, isFinal: false }, { opcode: continuation, payload: unknownMessage(3) }), answer: ignored },
  { name: "8 MiB and one byte in two fragments", attack: closes({ opcode: binary, isFinal: false, payload: unknownMessage(8 * MiB) }, { opcode: continuation, payload: unknownMessage(1) }), answer: closed(1009, /^/) },
  { name: "a message that never ends, in fragments of a megabyte", attack: closes(...fragments(10, MiB).slice(0, 9)), answer: closed(1009, /^/) },
  { name: "1,024 fragments", attack: passes(...fragments(1_024, 1)), answer: ignored },
  { name: "1,025 fragments", attack: closes(...fragments(1_025, 1)), answer: closed(1008, /^/) },
  { name: "20,000 fragments of nothing", attack: closes(...fragments(20_000, 0)), answer: closed(1008, /^/) },
]; // prettier-ignore

const texts: HostileCase[] = [
  { name: "a text frame", attack: closes({ opcode: text, payload: words("hello") }), answer: closed(4400, /text frame/) },
  { name: "an empty text frame", attack: closes({ opcode: text }), answer: closed(4400, /text frame/) },
  { name: "a text frame that is not UTF-8", attack: closes({ opcode: text, payload: Uint8Array.of(0xff, 0xc0) }), answer: closed(1007, /^/) },
  { name: "a text frame whose bytes are a sound update", attack: closes({ opcode: text, payload: edit }), answer: closed(1007, /^/) },
  { name: "a text message whose continuations look binary", attack: closes({ opcode: text, isFinal: false }, { opcode: continuation, payload: words("edit") }), answer: closed(4400, /text frame/) },
  { name: "a text frame where hello is expected", attack: async (arena) => { const socket = await RawSocket.upgraded(arena, synclinePath); socket.send(frame({ opcode: text, payload: words("hello") })); return socket.closeAnswer(); }, answer: closed(4400, /text frame/) },
]; // prettier-ignore

const control: HostileCase[] = [
  { name: "a ping of 125 bytes", attack: passes({ opcode: ping, payload: unknownMessage(125) }), answer: ignored },
  { name: "a ping of 126 bytes", attack: closes({ opcode: ping, payload: unknownMessage(126) }), answer: broken() },
  { name: "a pong nobody asked for", attack: passes({ opcode: pong, payload: unknownMessage(125) }), answer: ignored },
  { name: "a pong of 126 bytes", attack: closes({ opcode: pong, payload: unknownMessage(126) }), answer: broken() },
  { name: "a ping whose length takes eight bytes", attack: closes(frame({ opcode: ping, lengthBytes: 8 })), answer: broken() },
  { name: "10 pings at once", attack: passes(...Array<Uint8Array>(10).fill(frame({ opcode: ping, payload: unknownMessage(10) }))), answer: ignored },
  { name: "10,000 pings at once", attack: passes(...Array<Uint8Array>(10_000).fill(frame({ opcode: ping, payload: unknownMessage(10) }))), answer: ignored },
  { name: "10,000 pongs at once", attack: passes(...Array<Uint8Array>(10_000).fill(frame({ opcode: pong, payload: unknownMessage(125) }))), answer: ignored },
]; // prettier-ignore

const closings: HostileCase[] = [
  { name: "a close without a code", attack: closes({ opcode: close }), answer: closed(1005, /^$/) },
  { name: "a close of one byte", attack: closes({ opcode: close, payload: Uint8Array.of(3) }), answer: broken() },
  ...[0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65_535].map((code) => ({ name: `a close with ${code}, which is no code`, attack: closes(closeFrame(code)), answer: broken() })),
  ...[1000, 1001, 3000, 4400, 4999].map((code) => ({ name: `a close with ${code}`, attack: closes(closeFrame(code)), answer: closed(code, /^/) })),
  { name: "a close with a reason of 123 bytes", attack: closes(closeFrame(1000, unknownMessage(123))), answer: closed(1000, /^/) },
  { name: "a close with a reason of 124 bytes", attack: closes(closeFrame(1000, unknownMessage(124))), answer: broken() },
  { name: "a close whose reason is not UTF-8", attack: closes(closeFrame(1000, Uint8Array.of(0xff, 0xfe))), answer: closed(1007, /^/) },
  { name: "an edit after the close: it is not taken", attack: closes(closeFrame(1000), { opcode: binary, payload: edit }), answer: closed(1000, /^/) },
  { name: "two closes", attack: closes(closeFrame(1000), closeFrame(3000)), answer: closed(1000, /^/) },
  { name: "an edit after a frame that is wrong: it is not taken", attack: closes({ opcode: 3 }, { opcode: binary, payload: edit }), answer: broken() },
  { name: "an edit after a text frame: it is not taken", attack: closes({ opcode: text }, { opcode: binary, payload: edit }), answer: closed(4400, /text frame/) },
]; // prettier-ignore

const handshakes: HostileCase[] = [
  { name: "a wrong frame in the packet of the upgrade", attack: async (arena) => { const socket = await RawSocket.open(arena); socket.send(Buffer.concat([Buffer.from(upgradeRequest(memberPath(arena))), frame({ opcode: 3 })])); await socket.status(); return socket.closeAnswer(); }, answer: broken() },
  { name: "a message in the packet of the upgrade", attack: async (arena) => { const socket = await RawSocket.open(arena); socket.send(Buffer.concat([Buffer.from(upgradeRequest(memberPath(arena))), frame({ opcode: text })])); await socket.status(); return socket.closeAnswer(); }, answer: closed(4400, /text frame/) },
  { name: "compression offered, and used although it was not agreed upon", attack: async (arena) => { const socket = await RawSocket.open(arena); socket.send(upgradeRequest(memberPath(arena), { "Sec-WebSocket-Extensions": "permessage-deflate" })); await socket.status(); socket.send(frame({ opcode: binary, payload: edit, reserved: 4 })); return socket.closeAnswer(); }, answer: broken() },
]; // prettier-ignore

family("WebSocket frames", [...headers, ...lengths, ...fragmented, ...texts, ...control, ...closings, ...handshakes]);
