import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ProtocolError } from "./error.js";
import { decodeFrame, encodeFrame } from "./message-codec.js";
import { messageLayouts } from "./message-layout.js";
import type { Message } from "./message.js";
import { decodeYWebsocketMessage, encodeYWebsocketMessage, type YWebsocketMessage } from "./y-websocket.js";

const uint = fc.oneof(fc.nat(), fc.maxSafeNat());
const text = fc.string({ unit: "grapheme" });
const bytes = fc.uint8Array();

const fieldsOf: { [Type in Message["type"]]: fc.Arbitrary<Extract<Message, { type: Type }>> } = {
  hello: fc.record({ type: fc.constant("hello" as const), version: uint, token: text, client: text }),
  welcome: fc.record({
    type: fc.constant("welcome" as const),
    version: uint,
    connectionId: text,
    heartbeatMs: uint,
    maxMessageBytes: uint,
    server: text,
  }),
  open: fc.record({
    type: fc.constant("open" as const),
    requestId: uint,
    documentName: text,
    token: text,
    clientId: uint,
    generation: text,
    have: fc.oneof(
      fc.record({ kind: fc.constant("state-vector" as const), stateVector: bytes }),
      fc.record({ kind: fc.constant("resume" as const), seq: uint }),
    ),
  }),
  opened: fc.record({
    type: fc.constant("opened" as const),
    requestId: uint,
    room: uint,
    access: uint,
    generation: text,
    seq: uint,
    stateVector: bytes,
  }),
  refused: fc.record({ type: fc.constant("refused" as const), requestId: uint, code: uint, reason: text }),
  update: fc.record({ type: fc.constant("update" as const), room: uint, n: uint, update: bytes }),
  synced: fc.record({ type: fc.constant("synced" as const), room: uint, seq: uint }),
  ack: fc.record({ type: fc.constant("ack" as const), room: uint, n: uint, clock: uint, level: uint, seq: uint }),
  reject: fc.record({ type: fc.constant("reject" as const), room: uint, n: uint, code: uint, reason: text }),
  awareness: fc.record({ type: fc.constant("awareness" as const), room: uint, update: bytes }),
  event: fc.record({ type: fc.constant("event" as const), room: uint, kind: uint, payload: bytes }),
  token: fc.record({ type: fc.constant("token" as const), token: text, expiresInMs: uint }),
  goaway: fc.record({ type: fc.constant("goaway" as const), reconnectAfterMs: uint, reason: text }),
  close: fc.record({ type: fc.constant("close" as const), room: uint, code: uint, reason: text }),
  access: fc.record({ type: fc.constant("access" as const), room: uint, access: uint, reason: text, roots: text }),
  ping: fc.record({ type: fc.constant("ping" as const), n: uint }),
  pong: fc.record({ type: fc.constant("pong" as const), n: uint }),
};
const message: fc.Arbitrary<Message> = fc.oneof(...Object.values(fieldsOf));

const hex = (encoded: Uint8Array) => [...encoded].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
const ofHex = (encoded: string) =>
  Uint8Array.from(encoded.split(" ").filter(Boolean), (byte) => Number.parseInt(byte, 16));

describe("frames of the syncline dialect", () => {
  test("what is encoded is decoded, however many messages share a frame", () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1 }), (messages) => {
        expect(decodeFrame(encodeFrame(messages))).toEqual(messages);
      }),
    );
  });

  test("the bytes are the documented ones", () => {
    expect(hex(encodeFrame([{ type: "hello", version: 1, token: "", client: "c" }]))).toBe("05 00 01 00 01 63");
    expect(hex(encodeFrame([{ type: "update", room: 3, n: 300, update: Uint8Array.of(0, 0) }]))).toBe(
      "07 05 03 ac 02 02 00 00",
    );
    expect(
      hex(
        encodeFrame([
          { type: "access", room: 1, access: 1, reason: "full", roots: "" },
          { type: "ack", room: 1, n: 2, clock: 5, level: 2, seq: 4 },
          { type: "ping", n: 9 },
        ]),
      ),
    ).toBe("09 0d 01 01 04 66 75 6c 6c 00 06 07 01 02 05 02 04 02 0e 09");
  });

  test("unknown types are skipped, and unknown fields at the end of known ones", () => {
    expect(decodeFrame(ofHex("03 4d 01 02 02 0e 09"))).toEqual([{ type: "ping", n: 9 }]);
    expect(decodeFrame(ofHex("04 0e 09 aa bb 02 0f 07"))).toEqual([
      { type: "ping", n: 9 },
      { type: "pong", n: 7 },
    ]);
  });

  test("numbers on the wire are unique", () => {
    const numbers = Object.values(messageLayouts).map(([number]) => number);
    expect(new Set(numbers).size).toBe(numbers.length);
  });

  test("an ack of a server that does not tell its seq tells none", () => {
    expect(decodeFrame(ofHex("05 07 01 02 05 02"))).toEqual([
      { type: "ack", room: 1, n: 2, clock: 5, level: 2, seq: 0 },
    ]);
  });

  test.each([
    ["nothing", ""],
    ["a length without a message", "05"],
    ["a message shorter than its fields", "02 05 03"],
    ["a field that reaches into the next message", "04 09 01 05 00 02 0e 09"],
    ["a length in more bytes than it needs", "82 00 0e 09"],
    ["a number above 2^53", "0a 0e ff ff ff ff ff ff ff ff 7f"],
    ["text that is not UTF-8", "05 00 01 01 ff 00"],
    ["a have of an unknown kind", "07 02 01 01 61 00 00 00 05"],
  ])("%s is malformed", (_, frame) => {
    expect(() => decodeFrame(ofHex(frame))).toThrow(ProtocolError);
  });

  test("any bytes are decoded or refused with a ProtocolError, nothing else", () => {
    const check = (decode: (frame: Uint8Array) => unknown) =>
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 200 }), (frame) => {
          try {
            decode(frame);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ProtocolError);
          }
        }),
        { numRuns: 2_000 },
      );
    check(decodeFrame);
    check(decodeYWebsocketMessage);
  });
});

describe("frames of the y-websocket dialect", () => {
  const any: fc.Arbitrary<YWebsocketMessage> = fc.oneof(
    fc.record({ type: fc.constant("sync-step-1" as const), stateVector: bytes }),
    fc.record({ type: fc.constantFrom("sync-step-2" as const, "update" as const), update: bytes }),
    fc.record({ type: fc.constant("awareness" as const), update: bytes }),
    fc.constant({ type: "query-awareness" as const }),
    fc.record({ type: fc.constant("permission-denied" as const), reason: text }),
  );

  test("what is encoded is decoded", () => {
    fc.assert(
      fc.property(any, (one) => {
        expect(decodeYWebsocketMessage(encodeYWebsocketMessage(one))).toEqual(one);
      }),
    );
  });

  test("the bytes are those of y-protocols", () => {
    expect(hex(encodeYWebsocketMessage({ type: "sync-step-1", stateVector: Uint8Array.of(0) }))).toBe("00 00 01 00");
    expect(hex(encodeYWebsocketMessage({ type: "update", update: Uint8Array.of(7) }))).toBe("00 02 01 07");
    expect(hex(encodeYWebsocketMessage({ type: "awareness", update: Uint8Array.of(0) }))).toBe("01 01 00");
    expect(hex(encodeYWebsocketMessage({ type: "query-awareness" }))).toBe("03");
  });

  test("a message type it does not know is left alone", () => {
    expect(decodeYWebsocketMessage(Uint8Array.of(100, 1, 2))).toBeUndefined();
  });
});
