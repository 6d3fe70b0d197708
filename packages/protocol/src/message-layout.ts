/** How the messages of the syncline dialect lie on the wire: the number of each, then its fields in this order. */
import type { Have, Message } from "./message.js";

export type FieldKind = "uint" | "text" | "bytes" | "have";

/** What a field of this kind holds. */
interface FieldValues {
  readonly uint: number;
  readonly text: string;
  readonly bytes: Uint8Array;
  readonly have: Have;
}

type KindOf<Value> = { [Kind in FieldKind]: Value extends FieldValues[Kind] ? Kind : never }[FieldKind];
type MessageOf<Type extends Message["type"]> = Extract<Message, { type: Type }>;
type Fields<M extends Message> = { readonly [Name in Exclude<keyof M, "type">]: KindOf<M[Name]> };
type Layouts = { readonly [Type in Message["type"]]: readonly [number: number, fields: Fields<MessageOf<Type>>] };

/** A number that is not here is skipped by who does not know it. Fields may be appended, never changed or removed. */
export const messageLayouts: Layouts = {
  hello: [0, { version: "uint", token: "text", client: "text" }],
  welcome: [1, { version: "uint", connectionId: "text", heartbeatMs: "uint", maxMessageBytes: "uint", server: "text" }],
  open: [
    2,
    { requestId: "uint", documentName: "text", token: "text", clientId: "uint", generation: "text", have: "have" },
  ],
  opened: [
    3,
    { requestId: "uint", room: "uint", access: "uint", generation: "text", seq: "uint", stateVector: "bytes" },
  ],
  refused: [4, { requestId: "uint", code: "uint", reason: "text" }],
  update: [5, { room: "uint", n: "uint", update: "bytes" }],
  synced: [6, { room: "uint", seq: "uint" }],
  ack: [7, { room: "uint", n: "uint", clock: "uint", level: "uint", seq: "uint" }],
  reject: [8, { room: "uint", n: "uint", code: "uint", reason: "text" }],
  awareness: [9, { room: "uint", update: "bytes" }],
  event: [10, { room: "uint", kind: "uint", payload: "bytes" }],
  close: [11, { room: "uint", code: "uint", reason: "text" }],
  token: [12, { token: "text", expiresInMs: "uint" }],
  access: [13, { room: "uint", access: "uint", reason: "text", roots: "text" }],
  ping: [14, { n: "uint" }],
  pong: [15, { n: "uint" }],
  goaway: [16, { reconnectAfterMs: "uint", reason: "text" }],
};
