/** Messages of the syncline dialect to bytes and back. A frame is one or more messages, each `length, type, fields`. */
import * as encoding from "lib0/encoding";
import { ByteReader } from "./byte-reader.js";
import { ProtocolError } from "./error.js";
import { messageNumbers, type Have, type Message } from "./message.js";

/** One frame that holds `messages` in order. */
export function encodeFrame(messages: Iterable<Message>): Uint8Array<ArrayBuffer> {
  const frame = encoding.createEncoder();
  for (const message of messages) {
    const body = encoding.createEncoder();
    encoding.writeVarUint(body, messageNumbers[message.type]);
    writeFields(body, message);
    encoding.writeVarUint(frame, encoding.length(body));
    encoding.writeBinaryEncoder(frame, body);
  }
  return encoding.toUint8Array(frame);
}

/**
 * The messages of a frame, in order; messages of an unknown type are left out. Fields a later version may append to a
 * known message are ignored.
 *
 * @throws {ProtocolError} `malformed-message`; an empty frame is one, too.
 */
export function decodeFrame(frame: Uint8Array): Message[] {
  if (frame.length === 0) throw new ProtocolError("malformed-message", "the frame is empty");
  const reader = new ByteReader(frame);
  const messages: Message[] = [];
  while (!reader.isAtEnd) {
    const length = reader.readVarUint();
    const start = reader.position;
    reader.readBytes(length);
    const message = readMessage(new ByteReader(frame, start, start + length));
    if (message) messages.push(message);
  }
  return messages;
}

function writeFields(to: encoding.Encoder, message: Message): void {
  switch (message.type) {
    case "hello":
      return writeAll(to, message.version, message.token, message.client);
    case "welcome":
      writeAll(to, message.version, message.connectionId, message.heartbeatMs, message.maxMessageBytes);
      return writeAll(to, message.server);
    case "open":
      writeAll(to, message.requestId, message.documentName, message.token, message.clientId, message.generation);
      return writeHave(to, message.have);
    case "opened":
      writeAll(to, message.requestId, message.room, message.access, message.generation, message.seq);
      return writeAll(to, message.stateVector);
    case "refused":
      return writeAll(to, message.requestId, message.code, message.reason);
    case "update":
      return writeAll(to, message.room, message.n, message.update);
    case "synced":
      return writeAll(to, message.room, message.seq);
    case "ack":
      return writeAll(to, message.room, message.n, message.clock, message.level);
    case "reject":
      return writeAll(to, message.room, message.n, message.code, message.reason);
    case "awareness":
      return writeAll(to, message.room, message.update);
    case "close":
      return writeAll(to, message.room, message.code, message.reason);
    case "access":
      return writeAll(to, message.room, message.access, message.reason);
    case "ping":
    case "pong":
      return writeAll(to, message.n);
  }
}

function writeAll(to: encoding.Encoder, ...fields: readonly (number | string | Uint8Array)[]): void {
  for (const field of fields) {
    if (typeof field === "number") encoding.writeVarUint(to, field);
    else if (typeof field === "string") encoding.writeVarString(to, field);
    else encoding.writeVarUint8Array(to, field);
  }
}

function readMessage(from: ByteReader): Message | undefined {
  const uint = () => from.readVarUint();
  const text = () => from.readVarString();
  const bytes = () => from.readVarBytes();
  // The properties of a literal are evaluated in the order they are written: that order is the wire's.
  switch (uint()) {
    case messageNumbers.hello:
      return { type: "hello", version: uint(), token: text(), client: text() };
    case messageNumbers.welcome:
      return {
        type: "welcome",
        version: uint(),
        connectionId: text(),
        heartbeatMs: uint(),
        maxMessageBytes: uint(),
        server: text(),
      };
    case messageNumbers.open:
      return {
        type: "open",
        requestId: uint(),
        documentName: text(),
        token: text(),
        clientId: uint(),
        generation: text(),
        have: readHave(from),
      };
    case messageNumbers.opened:
      return {
        type: "opened",
        requestId: uint(),
        room: uint(),
        access: uint(),
        generation: text(),
        seq: uint(),
        stateVector: bytes(),
      };
    case messageNumbers.refused:
      return { type: "refused", requestId: uint(), code: uint(), reason: text() };
    case messageNumbers.update:
      return { type: "update", room: uint(), n: uint(), update: bytes() };
    case messageNumbers.synced:
      return { type: "synced", room: uint(), seq: uint() };
    case messageNumbers.ack:
      return { type: "ack", room: uint(), n: uint(), clock: uint(), level: uint() };
    case messageNumbers.reject:
      return { type: "reject", room: uint(), n: uint(), code: uint(), reason: text() };
    case messageNumbers.awareness:
      return { type: "awareness", room: uint(), update: bytes() };
    case messageNumbers.close:
      return { type: "close", room: uint(), code: uint(), reason: text() };
    case messageNumbers.access:
      return { type: "access", room: uint(), access: uint(), reason: text() };
    case messageNumbers.ping:
      return { type: "ping", n: uint() };
    case messageNumbers.pong:
      return { type: "pong", n: uint() };
    default:
      return undefined;
  }
}

const haveKinds = { stateVector: 0, resume: 1 } as const;

function writeHave(to: encoding.Encoder, have: Have): void {
  if (have.kind === "resume") return writeAll(to, haveKinds.resume, have.seq);
  writeAll(to, haveKinds.stateVector, have.stateVector);
}

function readHave(from: ByteReader): Have {
  const kind = from.readVarUint();
  if (kind === haveKinds.stateVector) return { kind: "state-vector", stateVector: from.readVarBytes() };
  if (kind === haveKinds.resume) return { kind: "resume", seq: from.readVarUint() };
  throw new ProtocolError("malformed-message", `what the client has is of an unknown kind, ${kind}`);
}
