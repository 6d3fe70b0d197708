/** Events of applications, as text or bytes, to messages and back. */
import { eventKind, maxEventBytes, type EventMessage } from "@syncline/protocol";
import { SynclineError } from "./error.js";

/** @throws {SynclineError} `invalid-option` when it is larger than a server takes: it would close the document */
export function eventMessage(room: number, payload: Uint8Array | string): EventMessage {
  const isText = typeof payload === "string";
  const bytes = isText ? new TextEncoder().encode(payload) : payload;
  if (bytes.length > maxEventBytes) {
    throw new SynclineError("invalid-option", `An event of ${bytes.length} bytes; at most ${maxEventBytes}`);
  }
  return { type: "event", room, kind: isText ? eventKind.text : eventKind.bytes, payload: bytes };
}

export function payloadOf({ kind, payload }: EventMessage): Uint8Array | string {
  return kind === eventKind.text ? new TextDecoder().decode(payload) : payload.slice();
}
