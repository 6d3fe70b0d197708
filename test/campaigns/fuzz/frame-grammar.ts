/** Messages of both dialects as clients and servers may send them, with the numbers and texts at which codecs break. */
import type { Have, Message, YWebsocketMessage } from "@syncline/protocol";
import type { Tape } from "./tape.js";

const numbers = [0, 1, 2, 3, 63, 127, 128, 255, 2 ** 14 - 1, 2 ** 14, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1];
const texts = [
  "",
  "a",
  "document",
  "ünder",
  "日本",
  "🙂",
  "\uFEFFmark",
  "\u0000",
  "..",
  "a/b",
  "x".repeat(200),
  "{}",
  "null",
];

export function someNumber(tape: Tape): number {
  return tape.chance(0.3) ? tape.int(2 ** 30) : tape.pick(numbers);
}

export function someText(tape: Tape): string {
  return tape.pick(texts);
}

export function someBytes(tape: Tape): Uint8Array {
  return tape.bytes(tape.pick([0, 1, 2, 3, 8, 30]));
}

function someHave(tape: Tape): Have {
  return tape.chance(0.5)
    ? { kind: "resume", seq: someNumber(tape) }
    : { kind: "state-vector", stateVector: someBytes(tape) };
}

type Grammar = { readonly [Type in Message["type"]]: (tape: Tape) => Omit<Extract<Message, { type: Type }>, "type"> };

const n = someNumber;
const t = someText;
const b = someBytes;

/** Complete by its type: a message that is added to the protocol is added here. */
const grammar: Grammar = {
  hello: (tape) => ({ version: tape.pick([1, 1, 0, 2]), token: t(tape), client: t(tape) }),
  welcome: (tape) => ({
    version: n(tape),
    connectionId: t(tape),
    heartbeatMs: n(tape),
    maxMessageBytes: n(tape),
    server: t(tape),
  }),
  open: (tape) => ({
    requestId: n(tape),
    documentName: t(tape),
    token: t(tape),
    clientId: n(tape),
    generation: t(tape),
    have: someHave(tape),
  }),
  opened: (tape) => ({
    requestId: n(tape),
    room: n(tape),
    access: n(tape),
    generation: t(tape),
    seq: n(tape),
    stateVector: b(tape),
  }),
  refused: (tape) => ({ requestId: n(tape), code: n(tape), reason: t(tape) }),
  update: (tape) => ({ room: n(tape), n: n(tape), update: b(tape) }),
  synced: (tape) => ({ room: n(tape), seq: n(tape) }),
  ack: (tape) => ({ room: n(tape), n: n(tape), clock: n(tape), level: n(tape), seq: n(tape) }),
  reject: (tape) => ({ room: n(tape), n: n(tape), code: n(tape), reason: t(tape) }),
  awareness: (tape) => ({ room: n(tape), update: b(tape) }),
  event: (tape) => ({ room: n(tape), kind: n(tape), payload: b(tape) }),
  close: (tape) => ({ room: n(tape), code: n(tape), reason: t(tape) }),
  token: (tape) => ({ token: t(tape), expiresInMs: n(tape) }),
  access: (tape) => ({ room: n(tape), access: n(tape), reason: t(tape), roots: t(tape) }),
  ping: (tape) => ({ n: n(tape) }),
  pong: (tape) => ({ n: n(tape) }),
  goaway: (tape) => ({ reconnectAfterMs: n(tape), reason: t(tape) }),
};

const types = Object.keys(grammar) as Message["type"][];

export function someMessage(tape: Tape): Message {
  const type = tape.pick(types);
  // The grammar's type says that these are the fields of that message.
  return { type, ...grammar[type](tape) } as Message;
}

export function someYWebsocketMessage(tape: Tape): YWebsocketMessage {
  switch (tape.int(6)) {
    case 0:
      return { type: "sync-step-1", stateVector: b(tape) };
    case 1:
      return { type: "sync-step-2", update: b(tape) };
    case 2:
      return { type: "update", update: b(tape) };
    case 3:
      return { type: "awareness", update: b(tape) };
    case 4:
      return { type: "query-awareness" };
    default:
      return { type: "permission-denied", reason: t(tape) };
  }
}
