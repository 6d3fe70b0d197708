/** Messages of the syncline dialect to bytes and back. A frame is one or more messages, each `length, type, fields`. */
import { ByteReader } from "./byte-reader.js";
import { ProtocolError } from "./error.js";
import { messageLayouts, type FieldKind } from "./message-layout.js";
import type { Have, Message } from "./message.js";
import { varUintBytes, writeVarUint } from "./var-uint.js";

interface Layout {
  readonly type: Message["type"];
  readonly number: number;
  /** In the order of the wire. */
  readonly fields: readonly (readonly [name: string, kind: FieldKind])[];
}

const layouts: readonly Layout[] = Object.entries(messageLayouts).map(([type, [number, fields]]) => ({
  type: type as Message["type"],
  number,
  fields: Object.entries(fields) as [string, FieldKind][],
}));
const layoutOf = new Map(layouts.map((layout) => [layout.type, layout]));
const layoutNumbered = new Map(layouts.map((layout) => [layout.number, layout]));

const utf8 = new TextEncoder();

/** A number in lib0's spelling, or bytes, which are written behind their length. */
type Part = number | Uint8Array;

/** One frame that holds `messages` in order. Measured before it is written: an encoder that grows costs ten times as much. */
export function encodeFrame(messages: Iterable<Message>): Uint8Array<ArrayBuffer> {
  const bodies: Part[][] = [];
  let byteCount = 0;
  for (const message of messages) {
    const body = partsOf(message);
    bodies.push(body);
    const bodyBytes = sumOfBytes(body);
    byteCount += varUintBytes(bodyBytes) + bodyBytes;
  }
  const frame = new Uint8Array(byteCount);
  let at = 0;
  for (const body of bodies) {
    at = writeVarUint(frame, at, sumOfBytes(body));
    for (const part of body) at = writePart(frame, at, part);
  }
  return frame;
}

/**
 * The messages of a frame, in order; messages of an unknown type are left out. Fields a later version may append to a
 * known message are ignored; fields that were appended since and are left out have the value that says nothing.
 *
 * @throws {ProtocolError} `malformed-message`; an empty frame is one, too.
 */
export function decodeFrame(frame: Uint8Array): Message[] {
  if (frame.length === 0) throw new ProtocolError("malformed-message", "the frame is empty");
  const reader = new ByteReader(frame);
  const messages: Message[] = [];
  while (!reader.isAtEnd) {
    const message = readMessage(new ByteReader(reader.readVarBytes()));
    if (message) messages.push(message);
  }
  return messages;
}

/** The message's number, then its fields in the order of the wire. */
function partsOf(message: Message): Part[] {
  const { number, fields } = layoutOf.get(message.type) as Layout;
  const parts: Part[] = [number];
  // The table's type says that the fields are those of this message, and of these kinds.
  const values = message as unknown as Readonly<Record<string, never>>;
  for (const [name, kind] of fields) addParts[kind](parts, values[name] as never);
  return parts;
}

function sumOfBytes(parts: readonly Part[]): number {
  let byteCount = 0;
  for (const part of parts) {
    byteCount += typeof part === "number" ? varUintBytes(part) : varUintBytes(part.length) + part.length;
  }
  return byteCount;
}

/** The offset behind it. */
function writePart(into: Uint8Array, offset: number, part: Part): number {
  if (typeof part === "number") return writeVarUint(into, offset, part);
  const at = writeVarUint(into, offset, part.length);
  into.set(part, at);
  return at + part.length;
}

function readMessage(from: ByteReader): Message | undefined {
  const layout = layoutNumbered.get(from.readVarUint());
  if (!layout) return undefined;
  const message: Record<string, unknown> = { type: layout.type };
  for (const [name, kind] of layout.fields) {
    const appended = from.isAtEnd ? appendedFields[`${layout.type}.${name}`] : undefined;
    message[name] = appended ?? readers[kind](from);
  }
  return message as unknown as Message;
}

/** Fields that came after the first version of their message, and what they are where they are left out. */
const appendedFields: Readonly<Record<string, string | number>> = { "ack.seq": 0, "access.roots": "" };

const haveKinds = { stateVector: 0, resume: 1 } as const;

const addParts: Readonly<Record<FieldKind, (parts: Part[], value: never) => void>> = {
  uint: (parts, value: number) => parts.push(value),
  text: (parts, value: string) => parts.push(utf8.encode(value)),
  bytes: (parts, value: Uint8Array) => parts.push(value),
  have: (parts, value: Have) => {
    if (value.kind === "resume") parts.push(haveKinds.resume, value.seq);
    else parts.push(haveKinds.stateVector, value.stateVector);
  },
};

const readers: Readonly<Record<FieldKind, (from: ByteReader) => unknown>> = {
  uint: (from) => from.readVarUint(),
  text: (from) => from.readVarString(),
  bytes: (from) => from.readVarBytes(),
  have: (from): Have => {
    const kind = from.readVarUint();
    if (kind === haveKinds.stateVector) return { kind: "state-vector", stateVector: from.readVarBytes() };
    if (kind === haveKinds.resume) return { kind: "resume", seq: from.readVarUint() };
    throw new ProtocolError("malformed-message", `what the client has is of an unknown kind, ${kind}`);
  },
};
