/**
 * The y-websocket dialect: unprefixed y-protocols messages, one a frame, one document a socket. Numbers and layout are
 * those of y-protocols 1.0 (sync.js, awareness.js, auth.js) and y-websocket's provider.
 */
import { ByteReader } from "./byte-reader.js";
import { ProtocolError } from "./error.js";
import { varUintBytes, writeVarUint } from "./var-uint.js";

export type YWebsocketMessage =
  /** "This is what I have; send me the rest." */
  | { readonly type: "sync-step-1"; readonly stateVector: Uint8Array }
  /** The answer to step 1; makes a stock provider "synced". */
  | { readonly type: "sync-step-2"; readonly update: Uint8Array }
  | { readonly type: "update"; readonly update: Uint8Array }
  | { readonly type: "awareness"; readonly update: Uint8Array }
  | { readonly type: "query-awareness" }
  | { readonly type: "permission-denied"; readonly reason: string };

const messageNumbers = { sync: 0, awareness: 1, auth: 2, queryAwareness: 3 } as const;
const syncNumbers = { step1: 0, step2: 1, update: 2 } as const;
const permissionDenied = 0;

const utf8 = new TextEncoder();

export function encodeYWebsocketMessage(message: YWebsocketMessage): Uint8Array {
  switch (message.type) {
    case "sync-step-1":
      return withBytes([messageNumbers.sync, syncNumbers.step1], message.stateVector);
    case "sync-step-2":
      return withBytes([messageNumbers.sync, syncNumbers.step2], message.update);
    case "update":
      return withBytes([messageNumbers.sync, syncNumbers.update], message.update);
    case "awareness":
      return withBytes([messageNumbers.awareness], message.update);
    case "query-awareness":
      return Uint8Array.of(messageNumbers.queryAwareness);
    case "permission-denied":
      return withBytes([messageNumbers.auth, permissionDenied], utf8.encode(message.reason));
  }
}

/**
 * The message in a frame, its bytes as views; `undefined` for a message type this dialect does not know, which is to
 * be ignored (ports of y-websocket add their own).
 *
 * @throws {ProtocolError} `malformed-message`.
 */
export function decodeYWebsocketMessage(frame: Uint8Array): YWebsocketMessage | undefined {
  const from = new ByteReader(frame);
  switch (from.readVarUint()) {
    case messageNumbers.sync:
      return readSync(from);
    case messageNumbers.awareness:
      return { type: "awareness", update: from.readVarBytes() };
    case messageNumbers.queryAwareness:
      return { type: "query-awareness" };
    case messageNumbers.auth:
      from.readVarUint();
      return { type: "permission-denied", reason: from.readVarString() };
    default:
      return undefined;
  }
}

/** `head`, each number of one byte, then the length of `bytes` and they themselves: copied once, into an array of that size. */
function withBytes(head: readonly number[], bytes: Uint8Array): Uint8Array {
  const lengthAt = head.length;
  const bytesAt = lengthAt + varUintBytes(bytes.length);
  const message = new Uint8Array(bytesAt + bytes.length);
  message.set(head);
  writeVarUint(message, lengthAt, bytes.length);
  message.set(bytes, bytesAt);
  return message;
}

function readSync(from: ByteReader): YWebsocketMessage {
  const step = from.readVarUint();
  const bytes = from.readVarBytes();
  switch (step) {
    case syncNumbers.step1:
      return { type: "sync-step-1", stateVector: bytes };
    case syncNumbers.step2:
      return { type: "sync-step-2", update: bytes };
    case syncNumbers.update:
      return { type: "update", update: bytes };
    default:
      throw new ProtocolError("malformed-message", `a sync message of unknown kind ${step}`);
  }
}
