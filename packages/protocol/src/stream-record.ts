/**
 * Several connections on one socket, as the tabs of a browser share one: each WebSocket message is a record of one
 * stream. Knows nothing of what a stream carries.
 */
import * as encoding from "lib0/encoding";
import { ByteReader } from "./byte-reader.js";
import { ProtocolError } from "./error.js";

export type StreamRecord =
  /** One whole frame. The first of a number opens the stream. */
  | { readonly kind: "frame"; readonly stream: number; readonly frame: Uint8Array }
  /** The sender ends the stream; `code` is 0 when a client just leaves. */
  | { readonly kind: "close"; readonly stream: number; readonly code: number; readonly reason: string };

const recordKinds = { frame: 0, close: 1 } as const;

export function encodeStreamFrame(stream: number, frame: Uint8Array): Uint8Array<ArrayBuffer> {
  const encoder = beginRecord(stream, "frame");
  encoding.writeUint8Array(encoder, frame);
  return encoding.toUint8Array(encoder);
}

export function encodeStreamClose(stream: number, code: number, reason: string): Uint8Array<ArrayBuffer> {
  const encoder = beginRecord(stream, "close");
  encoding.writeVarUint(encoder, code);
  encoding.writeVarString(encoder, reason);
  return encoding.toUint8Array(encoder);
}

/**
 * The frame is a view, not a copy.
 *
 * @throws {ProtocolError} `malformed-message`, `unexpected-message`
 */
export function decodeStreamRecord(record: Uint8Array): StreamRecord {
  const reader = new ByteReader(record);
  const stream = reader.readVarUint();
  const kind = reader.readVarUint();
  if (kind === recordKinds.frame) return { kind: "frame", stream, frame: record.subarray(reader.position) };
  if (kind !== recordKinds.close) throw new ProtocolError("unexpected-message", `${kind} is no kind of stream record`);
  return { kind: "close", stream, code: reader.readVarUint(), reason: reader.readVarString() };
}

function beginRecord(stream: number, kind: keyof typeof recordKinds): encoding.Encoder {
  const encoder = encoding.createEncoder();
  encoding.writeVarUint(encoder, stream);
  encoding.writeVarUint(encoder, recordKinds[kind]);
  return encoder;
}
