import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EventReader } from "./event-reader.js";

const encode = (text: string) => new TextEncoder().encode(text);

describe("reading server-sent events", () => {
  it("gives type, id and data of each, and nothing for comments", () => {
    const stream = ':\n\nid: 3\ndata: AAE=\n\n: still here\n\nevent: close\ndata: {"code":4503}\n\n';
    expect(new EventReader().read(encode(stream))).toEqual([
      { type: "message", id: "3", data: "AAE=" },
      { type: "close", id: "", data: '{"code":4503}' },
    ]);
  });

  it("gives no event before its last byte has come", () => {
    const reader = new EventReader();
    expect(reader.read(encode("id: 1\ndata: AA"))).toEqual([]);
    expect(reader.read(encode("==\n"))).toEqual([]);
    expect(reader.read(encode("\n"))).toEqual([{ type: "message", id: "1", data: "AA==" }]);
  });

  it("gives the same events however the stream is cut", () => {
    const event = fc.record({
      type: fc.constantFrom("message", "close"),
      id: fc.nat().map(String),
      data: fc.base64String({ minLength: 4 }),
    });
    fc.assert(
      fc.property(fc.array(event), fc.array(fc.nat(300)), (events, cuts) => {
        const stream = encode(
          events.map(({ type, id, data }) => `event: ${type}\nid: ${id}\ndata: ${data}\n\n`).join(""),
        );
        const reader = new EventReader();
        const ends = [...cuts.map((cut) => Math.min(cut, stream.length)), stream.length].sort((a, b) => a - b);
        const read = ends.flatMap((end, i) => reader.read(stream.subarray(ends[i - 1] ?? 0, end)));
        expect(read).toEqual(events);
      }),
    );
  });
});
