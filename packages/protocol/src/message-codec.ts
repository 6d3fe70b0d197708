/** Messages of the syncline dialect to bytes and back. A frame is one or more messages, each `length, type, fields`. */
import * as encoding from "lib0/encoding";
import { ByteReader } from "./byte-reader.js";
import { ProtocolError } from "./error.js";
import { messageLayouts, type FieldKind } from "./message-layout.js";
import type { Have, Message } from "./message.js";

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

/** One frame that holds `messages` in order. */
export function encodeFrame(messages: Iterable<Message>): Uint8Array<ArrayBuffer> {
  const frame = encoding.createEncoder();
  for (const message of messages) {
    const body = encoding.createEncoder();
    writeMessage(body, message);
    encoding.writeVarUint(frame, encoding.length(body));
    encoding.writeBinaryEncoder(frame, body);
  }
  return encoding.toUint8Array(frame);
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

function writeMessage(to: encoding.Encoder, message: Message): void {
  const { number, fields } = layoutOf.get(message.type) as Layout;
  encoding.writeVarUint(to, number);
  // The table's type says that the fields are those of this message, and of these kinds.
  const values = message as unknown as Readonly<Record<string, never>>;
  for (const [name, kind] of fields) writers[kind](to, values[name] as never);
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

const writers: Readonly<Record<FieldKind, (to: encoding.Encoder, value: never) => void>> = {
  uint: (to, value: number) => encoding.writeVarUint(to, value),
  text: (to, value: string) => encoding.writeVarString(to, value),
  bytes: (to, value: Uint8Array) => encoding.writeVarUint8Array(to, value),
  have: (to, value: Have) => {
    const isResume = value.kind === "resume";
    encoding.writeVarUint(to, isResume ? haveKinds.resume : haveKinds.stateVector);
    if (isResume) encoding.writeVarUint(to, value.seq);
    else encoding.writeVarUint8Array(to, value.stateVector);
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
