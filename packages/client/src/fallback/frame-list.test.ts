import { readFrames } from "@syncline/protocol";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fromBase64, joinFrames } from "./frame-list.js";

describe("frames in one array", () => {
  it("are each a length and their bytes", () => {
    const long = new Uint8Array(200).fill(7);
    const joined = joinFrames([Uint8Array.of(1, 2), new Uint8Array(), long]);
    expect([...joined.subarray(0, 6)]).toEqual([2, 1, 2, 0, 0xc8, 0x01]);
    expect(readFrames(joined)).toEqual([Uint8Array.of(1, 2), new Uint8Array(), long]);
  });

  it("come apart as they were put together, and not at all when the end is missing", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { minLength: 1 }), (frames) => {
        const joined = joinFrames(frames);
        expect(readFrames(joined)).toEqual(frames.map((frame) => new Uint8Array(frame)));
        const lastLength = frames.at(-1)?.length ?? 0;
        if (lastLength > 0) expect(() => readFrames(joined.subarray(0, -1))).toThrow();
      }),
    );
  });

  it("come out of base64 as they went in", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 1_000 }), (bytes) => {
        expect([...fromBase64(btoa(String.fromCharCode(...bytes)))]).toEqual([...bytes]);
      }),
    );
  });
});
