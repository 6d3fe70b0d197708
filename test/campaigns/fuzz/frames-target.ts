/**
 * The codecs of the wire. Bytes are understood or refused with a ProtocolError; what was understood can be written and read again
 * and stays what it was; and reading n bytes takes memory in proportion to n, whatever they announce.
 */
import { isDeepStrictEqual } from "node:util";
import { getHeapStatistics } from "node:v8";
import {
  decodeAwarenessUpdate,
  decodeFrame,
  decodeStreamRecord,
  decodeYWebsocketMessage,
  encodeAwarenessUpdate,
  encodeFrame,
  encodeStreamClose,
  encodeStreamFrame,
  encodeYWebsocketMessage,
  ProtocolError,
  readFrames,
  type Message,
  type StreamRecord,
} from "@syncline/protocol";
import { changed, hexOf, joined, withLength } from "./byte-changes.js";
import { someBytes, someMessage, someNumber, someText, someYWebsocketMessage } from "./frame-grammar.js";
import type { Tape } from "./tape.js";
import { must, type Outcomes, type Target } from "./target.js";

interface Codec<Value> {
  readonly name: string;
  readonly some: (tape: Tape) => Value;
  readonly encode: (value: Value) => Uint8Array;
  readonly decode: (bytes: Uint8Array) => Value | undefined;
  /** For counting. */
  readonly kindOf: (value: Value) => string;
  /** The same value with bytes that are wrong in one place, lengths around it right. */
  readonly nearly?: (tape: Tape, value: Value) => Uint8Array;
}

function codec<Value>(described: Codec<Value>): (tape: Tape, outcomes: Outcomes) => void {
  return (tape, outcomes) => playCodec(described, tape, outcomes);
}

const frames: Codec<Message[]> = {
  name: "frame",
  some: (tape) => {
    const count = 1 + (tape.chance(0.002) ? tape.int(600) : tape.int(4));
    return Array.from({ length: count }, () => someMessage(tape));
  },
  encode: encodeFrame,
  decode: decodeFrame,
  kindOf: (messages) => [...new Set(messages.map(({ type }) => type))].slice(0, 3).join(),
  nearly: (tape, messages) => joined(messages.map((message) => withLength(tape, nearlyMessage(tape, message)))),
};

/** A message without its length. */
function nearlyMessage(tape: Tape, message: Message): Uint8Array {
  const framed = encodeFrame([message]);
  const [body = framed] = readFrames(framed);
  return tape.chance(0.5) ? changed(tape, body, framed) : body;
}

const records: Codec<StreamRecord> = {
  name: "stream record",
  some: (tape) =>
    tape.chance(0.6)
      ? { kind: "frame", stream: someNumber(tape), frame: someBytes(tape) }
      : { kind: "close", stream: someNumber(tape), code: someNumber(tape), reason: someText(tape) },
  encode: (record) =>
    record.kind === "frame"
      ? encodeStreamFrame(record.stream, record.frame)
      : encodeStreamClose(record.stream, record.code, record.reason),
  decode: decodeStreamRecord,
  kindOf: ({ kind }) => kind,
};

const codecs = [
  codec(frames),
  codec(frames),
  codec({
    name: "y-websocket",
    some: someYWebsocketMessage,
    encode: encodeYWebsocketMessage,
    decode: decodeYWebsocketMessage,
    kindOf: ({ type }) => type,
  }),
  codec(records),
  codec({
    name: "awareness",
    some: (tape) =>
      Array.from({ length: tape.int(4) }, () => ({
        clientId: someNumber(tape),
        clock: someNumber(tape),
        state: someText(tape),
      })),
    encode: encodeAwarenessUpdate,
    decode: decodeAwarenessUpdate,
    kindOf: ({ length }) => (length === 0 ? "none" : "some"),
  }),
  codec({
    name: "frame list",
    some: (tape) => Array.from({ length: tape.int(4) }, () => someBytes(tape)),
    encode: (list) => joined(list.map((bytes) => joined([encodedLength(bytes.length), bytes]))),
    decode: readFrames,
    kindOf: ({ length }) => (length === 0 ? "none" : "some"),
  }),
];

function encodedLength(length: number): Uint8Array {
  return length < 128 ? Uint8Array.of(length) : Uint8Array.of(128 | (length & 127), length >> 7);
}

export const framesTarget: Target = {
  name: "frames",
  play: (tape, outcomes) => tape.pick(codecs)(tape, outcomes),
};

function playCodec<Value>(described: Codec<Value>, tape: Tape, outcomes: Outcomes): void {
  const { name, some, encode, decode, nearly, kindOf } = described;
  const value = some(tape);
  const bytes = encode(value);
  const choice = tape.int(8);
  if (choice < 2) {
    must(isDeepStrictEqual(decode(bytes), value), () => `${name} ${hexOf(bytes)} is not read as it was written`);
    return outcomes.note(`${name} written and read: ${kindOf(value)}`);
  }
  const input =
    choice < 4 && nearly
      ? nearly(tape, value)
      : choice === 7
        ? tape.bytes(tape.int(40))
        : changed(tape, bytes, encode(some(tape)));
  tape.say(() => `${name}: ${hexOf(input)}`);
  outcomes.note(`${name} ${read(described, input)}`);
}

/** What came of `input`. */
function read<Value>({ decode, encode, kindOf }: Codec<Value>, input: Uint8Array): string {
  const before = input.slice();
  const heapBytes = usedBytes();
  let value: Value | undefined;
  try {
    value = decode(input);
  } catch (thrown) {
    assertMemory(input.length, usedBytes() - heapBytes);
    must(thrown instanceof ProtocolError, () => `${String(thrown)} was thrown on account of ${hexOf(input)}`);
    return `refused: ${thrown.message}`;
  }
  assertMemory(input.length, usedBytes() - heapBytes);
  must(isDeepStrictEqual(input, before), () => `reading ${hexOf(before)} has changed it`);
  if (value === undefined) return "ignored";
  assertStable({ decode, encode }, value, input);
  return `read: ${kindOf(value)}`;
}

function assertStable<Value>(
  { decode, encode }: Pick<Codec<Value>, "decode" | "encode">,
  value: Value,
  input: Uint8Array,
): void {
  // A frame of nothing but unknown messages: what is left of it is no frame.
  if (Array.isArray(value) && value.length === 0) return;
  const written = encode(value);
  must(written.length <= input.length + 32, () => `${hexOf(input)} grows when it is written again`);
  const again = decode(written);
  must(
    again !== undefined && isDeepStrictEqual(again, value),
    () => `${hexOf(input)} becomes another when it is written again`,
  );
  must(isDeepStrictEqual(encode(again), written), () => `${hexOf(input)} is written in two ways`);
}

/** What an object in memory takes for each byte that it was read from, and what comes and goes besides. */
const bytesPerByte = 128;
const besidesBytes = 2 * 1024 * 1024;

function assertMemory(inputBytes: number, tookBytes: number): void {
  must(
    tookBytes <= bytesPerByte * inputBytes + besidesBytes,
    () => `reading ${inputBytes} bytes took ${tookBytes} of memory`,
  );
}

function usedBytes(): number {
  const { used_heap_size: heap, external_memory: external } = getHeapStatistics();
  return heap + external;
}
