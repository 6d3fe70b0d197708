import { decodeYWebsocketMessage } from "@syncline/protocol";
import { describe, expect, test } from "vitest";
import { createYWebsocketWire } from "./y-websocket-wire.js";

const span = { after: 0, upTo: 0 };
/** A frame of one payload is that payload; several are told apart by their number. */
const framed: Uint8Array[][] = [];
const wire = createYWebsocketWire((payloads) => {
  framed.push([...payloads]);
  return payloads.length === 1 ? (payloads[0] as Uint8Array) : new Uint8Array(0);
});

describe("writing to y-websocket clients", () => {
  test("a large update is put into a frame once for all who are sent it", () => {
    const segment = new Uint8Array(10_000).fill(7);
    const frame = wire.updates(1, span, [segment]);
    expect(wire.updates(1, { after: 3, upTo: 9 }, [segment])).toBe(frame);
    expect(decodeYWebsocketMessage(frame)).toEqual({ type: "update", update: segment });
  });

  test("another update of the same length has a frame of its own", () => {
    const one = wire.updates(1, span, [new Uint8Array(10_000).fill(1)]);
    const other = wire.updates(1, span, [new Uint8Array(10_000).fill(2)]);
    expect(decodeYWebsocketMessage(other)).toEqual({ type: "update", update: new Uint8Array(10_000).fill(2) });
    expect(other).not.toEqual(one);
  });

  test("several updates are a message each, in order", () => {
    framed.length = 0;
    wire.updates(1, span, [new Uint8Array(5_000).fill(1), Uint8Array.of(2)]);
    const updates = framed[0]?.map((payload) => decodeYWebsocketMessage(payload));
    expect(updates).toEqual([
      { type: "update", update: new Uint8Array(5_000).fill(1) },
      { type: "update", update: Uint8Array.of(2) },
    ]);
  });
});
