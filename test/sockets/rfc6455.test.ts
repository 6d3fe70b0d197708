/** What the server answers to frames, good ones and bad ones: RFC 6455, section by section, as far as a server without text and extensions goes. */
import { MemoryStorage, startServer, type SynclineServer } from "@syncline/server";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { stockClient, synced } from "../support/clients.js";
import { patiently } from "../support/patience.js";
import { closeFrame, fragments, frame, opcode, RawWebSocket } from "../support/raw-websocket.js";

const { continuation, text, binary, close, ping, pong } = opcode;

const maxFrameBytes = 8 * 1024 * 1024;

/** "What do you have beyond nothing?" of the y-websocket dialect, and what a server that has nothing answers. */
const question = Uint8Array.of(0, 0, 1, 0);
const answer = Uint8Array.of(0, 1, 2, 0, 0);
/** A message of a type that the dialect does not know: it is skipped. */
const unknown = (length: number) => new Uint8Array(length).fill(77);

let server: SynclineServer;

beforeAll(async () => {
  server = await startServer({ port: 0, data: new MemoryStorage() });
});

afterAll(() => server.close());

async function open(): Promise<RawWebSocket> {
  const socket = await RawWebSocket.open(`${server.url}/rfc6455`);
  onTestFinished(() => socket.destroy());
  return socket;
}

/** The case table: what is sent, a frame or a part of one after the other. */
type Case = readonly [name: string, ...sent: readonly Uint8Array[]];

describe("a message arrives whole", () => {
  const payloads = [0, 1, 125, 126, 127, 128, 65_535, 65_536].map((length): Case => [
    `with ${length} bytes before it`,
    frame({ opcode: binary, payload: unknown(length) }),
  ]);
  const cases: readonly Case[] = [
    ...payloads.slice(1),
    ["at the limit", frame({ opcode: binary, payload: unknown(maxFrameBytes) })],
    ["at the limit in two frames", ...fragments(binary, unknown(maxFrameBytes), 2)],
    ["after a length in 16 bits that fits in 7", frame({ opcode: binary, payload: unknown(5), lengthBits: 16 })],
    ["after a length in 64 bits that fits in 7", frame({ opcode: binary, payload: unknown(5), lengthBits: 64 })],
    ["after a length in 64 bits that fits in 16", frame({ opcode: binary, payload: unknown(300), lengthBits: 64 })],
    ["after a message in 1,024 frames", ...fragments(binary, unknown(1_024), 1_024)],
    [
      "after one whose last frame is empty",
      frame({ opcode: binary, payload: unknown(3), isLast: false }),
      frame({ opcode: continuation }),
    ],
    [
      "after a ping in the middle of another",
      frame({ opcode: binary, payload: unknown(3), isLast: false }),
      frame({ opcode: ping }),
      frame({ opcode: continuation, payload: unknown(3) }),
    ],
    ["after a pong that nobody asked for", frame({ opcode: pong, payload: unknown(5) })],
    ["after an empty pong that nobody asked for", frame({ opcode: pong })],
    ["after a pong of 125 bytes", frame({ opcode: pong, payload: unknown(125) })],
  ];

  test.each(cases.map(([name, ...sent]) => ({ name, sent })))("$name", async ({ sent }) => {
    const socket = await open();
    socket.write(...sent, frame({ opcode: binary, payload: question }));
    await expect.poll(() => answersTo(socket), { timeout: 20_000 }).toEqual([answer]);
    expect(socket.mistake).toBeUndefined();
  });

  test.each([
    ["in one frame", [frame({ opcode: binary, payload: question })]],
    ["in two frames", fragments(binary, question, 2)],
    ["in four frames", fragments(binary, question, 4)],
    [
      "in frames of which the first is empty",
      [frame({ opcode: binary, isLast: false }), frame({ opcode: continuation, payload: question })],
    ],
    [
      "in frames with empty ones between",
      [
        frame({ opcode: binary, payload: question.subarray(0, 2), isLast: false }),
        ...Array<Uint8Array>(20).fill(frame({ opcode: continuation, isLast: false })),
        frame({ opcode: continuation, payload: question.subarray(2) }),
      ],
    ],
    ["with its length in 64 bits", [frame({ opcode: binary, payload: question, lengthBits: 64 })]],
  ])("%s, and byte by byte", async (_, sent) => {
    for (const parts of [sent, bytesOf(sent)]) {
      const socket = await open();
      await socket.writeEach(parts);
      await expect.poll(() => answersTo(socket), patiently).toEqual([answer]);
      expect(socket.mistake).toBeUndefined();
    }
  });

  test("many in one piece, in their order", async () => {
    const socket = await open();
    socket.write(...Array<Uint8Array>(50).fill(frame({ opcode: binary, payload: question })));
    await expect.poll(() => answersTo(socket).length, { timeout: 20_000 }).toBeGreaterThan(0);
    socket.write(closeFrame(1000));
    expect(await socket.ended).toEqual({ code: 1000, reason: "" });
  });
});

describe("a ping is answered with its own bytes", () => {
  const payloads = [new Uint8Array(), Uint8Array.of(0), Uint8Array.of(0xff, 0xfe, 0xfd), unknown(124), unknown(125)];
  test.each(payloads.map((payload) => [payload.length, payload] as const))("%i of them", async (_, payload) => {
    for (const parts of [[frame({ opcode: ping, payload })], bytesOf([frame({ opcode: ping, payload })])]) {
      const socket = await open();
      await socket.writeEach(parts);
      await expect.poll(() => pongsOf(socket), patiently).toEqual([payload]);
    }
  });

  test("ten in one piece, in their order", async () => {
    const socket = await open();
    const payloads = Array.from({ length: 10 }, (_, index) => Uint8Array.of(index));
    socket.write(...payloads.map((payload) => frame({ opcode: ping, payload })));
    await expect.poll(() => pongsOf(socket), patiently).toEqual(payloads);
  });

  test("between the frames of a message, before it", async () => {
    const socket = await open();
    const [first, second] = fragments(binary, question, 2) as [Uint8Array, Uint8Array];
    socket.write(first, frame({ opcode: ping, payload: Uint8Array.of(1) }));
    await expect.poll(() => pongsOf(socket), patiently).toEqual([Uint8Array.of(1)]);
    expect(answersTo(socket)).toEqual([]);
    socket.write(frame({ opcode: ping, payload: Uint8Array.of(2) }), second);
    await expect.poll(() => answersTo(socket), patiently).toEqual([answer]);
    expect(pongsOf(socket)).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
  });
});

describe("what RFC 6455 forbids closes with 1002", () => {
  const data = (opcode: number, reserved = 0) => frame({ opcode, reserved, payload: question });
  const reservedBits = [1, 2, 3, 4, 5, 6, 7].map((bits): Case => [`reserved bits ${bits}`, data(binary, bits)]);
  const opcodes = [3, 4, 5, 6, 7, 11, 12, 13, 14, 15].map((code): Case => [`opcode ${code}`, data(code)]);
  const cases: readonly Case[] = [
    ...reservedBits,
    ["a reserved bit in a text frame", data(text, 4)],
    ["a reserved bit in a ping", frame({ opcode: ping, reserved: 4 })],
    ["a reserved bit in a close frame", frame({ opcode: close, reserved: 2 })],
    [
      "a reserved bit in a continuation",
      frame({ opcode: binary, isLast: false }),
      frame({ opcode: continuation, reserved: 4 }),
    ],
    ...opcodes,
    ["opcode 3 in a message of frames", frame({ opcode: binary, isLast: false }), data(3)],
    ["a frame without a mask", frame({ opcode: binary, payload: question, isMasked: false })],
    ["a ping without a mask", frame({ opcode: ping, isMasked: false })],
    ["a close frame without a mask", frame({ opcode: close, isMasked: false })],
    ["an empty frame without a mask", frame({ opcode: binary, isMasked: false })],
    ["a ping of 126 bytes", frame({ opcode: ping, payload: unknown(126) })],
    ["a pong of 126 bytes", frame({ opcode: pong, payload: unknown(126) })],
    ["a close frame of 126 bytes", closeFrame(1000, unknown(124))],
    ["a ping with its length in 16 bits", frame({ opcode: ping, payload: unknown(5), lengthBits: 16 })],
    ["a ping in two frames", frame({ opcode: ping, isLast: false }), frame({ opcode: continuation })],
    ["a pong in two frames", frame({ opcode: pong, isLast: false }), frame({ opcode: continuation })],
    ["a close frame that is not the last", frame({ opcode: close, isLast: false })],
    ["a continuation of nothing", data(continuation)],
    ["a continuation of nothing that goes on", frame({ opcode: continuation, isLast: false })],
    ["a continuation behind a whole message", data(binary), data(continuation)],
    ["a message within another", frame({ opcode: binary, isLast: false }), data(binary)],
    ["a text within a message", frame({ opcode: binary, isLast: false }), data(text)],
    ["a message within a text", frame({ opcode: text, isLast: false }), data(binary)],
    ["a close frame of one byte", frame({ opcode: close, payload: Uint8Array.of(3) })],
    ...[0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535].map((code): Case => [
      `close code ${code}`,
      closeFrame(code),
    ]),
  ];

  test.each(cases.map(([name, ...sent]) => ({ name, sent })))("$name", async ({ sent }) => {
    const socket = await open();
    socket.write(...sent);
    expect(await socket.ended).toMatchObject({ code: 1002 });
    expect(socket.mistake).toBeUndefined();
  });
});

describe("other mistakes have codes of their own", () => {
  const half = maxFrameBytes / 2;
  const euro = Uint8Array.of(0xe2, 0x82, 0xac);
  const cases: readonly (readonly [code: number, ...Case])[] = [
    [1007, "a close reason that is not UTF-8", closeFrame(1000, Uint8Array.of(0xff))],
    [1007, "a close reason that is cut off in a character", closeFrame(1000, euro.subarray(0, 2))],
    [1007, "a text that is not UTF-8", frame({ opcode: text, payload: Uint8Array.of(0xc0, 0xaf) })],
    [1007, "a text with half of a surrogate pair", frame({ opcode: text, payload: Uint8Array.of(0xed, 0xa0, 0x80) })],
    [4400, "a text", frame({ opcode: text, payload: euro })],
    [4400, "an empty text", frame({ opcode: text })],
    [4400, "a text in frames, cut in a character", ...fragments(text, euro, 3)],
    [1009, "a byte more than the limit, announced", frame({ opcode: binary, length: maxFrameBytes + 1 })],
    [1009, "4 GiB, announced", frame({ opcode: binary, length: 2 ** 32 })],
    [1009, "2^53 - 1 bytes, announced", frame({ opcode: binary, length: Number.MAX_SAFE_INTEGER })],
    [1009, "2^53 bytes, announced", frame({ opcode: binary, length: 2 ** 53 })],
    [1009, "2^63 bytes, announced", frame({ opcode: binary, length: 2 ** 63 })],
    [
      1009,
      "frames that together are above the limit, announced",
      frame({ opcode: binary, payload: unknown(half), isLast: false }),
      frame({ opcode: continuation, length: half + 1 }),
    ],
    [1008, "a message in 1,025 frames", ...fragments(binary, unknown(1_025), 1_025)],
    [
      1008,
      "a message that never ends",
      ...Array.from({ length: 1_025 }, (_, index) =>
        frame({ opcode: index === 0 ? binary : continuation, isLast: false }),
      ),
    ],
  ];

  test.each(cases.map(([code, name, ...sent]) => ({ code, name, sent })))("$code: $name", async ({ code, sent }) => {
    const socket = await open();
    socket.write(...sent);
    expect(await socket.ended).toMatchObject({ code });
    expect(socket.mistake).toBeUndefined();
  });

  test("a frame in more pieces than the smallest packets make is closed with 1008", async () => {
    const socket = await open();
    const isOver = socket.ended.then(() => true);
    await socket.writeEach([frame({ opcode: binary, length: maxFrameBytes })]);
    for (let isEnded = false; !isEnded;) {
      socket.write(Uint8Array.of(77));
      isEnded = await Promise.race([isOver, new Promise<false>((resolve) => setImmediate(() => resolve(false)))]);
    }
    expect(await socket.ended).toMatchObject({ code: 1008 });
  });
});

describe("a close frame is answered with its code, and the server hangs up", () => {
  const codes = [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999];
  test.each(codes)("%i", async (code) => {
    const socket = await open();
    socket.write(closeFrame(code, Buffer.from("so long €")));
    expect(await socket.ended).toMatchObject({ code });
  });

  test("one without a code with one without", async () => {
    const socket = await open();
    socket.write(closeFrame());
    expect(await socket.ended).toEqual({ code: undefined, reason: "" });
  });

  test("one with a reason of 123 bytes", async () => {
    const socket = await open();
    socket.write(closeFrame(1000, unknown(123)));
    expect(await socket.ended).toMatchObject({ code: 1000 });
  });

  test("what comes behind it is not looked at", async () => {
    const socket = await open();
    const behind = [
      frame({ opcode: ping }),
      frame({ opcode: 15 }),
      frame({ opcode: binary, payload: question }),
      closeFrame(1001),
    ];
    socket.write(closeFrame(1000), ...behind);
    expect(await socket.ended).toMatchObject({ code: 1000 });
    expect(pongsOf(socket)).toEqual([]);
  });
});

test("after all this, documents are served", async () => {
  const reader = stockClient(server.url, "afterwards");
  await synced(reader);
});

function* bytesOf(parts: readonly Uint8Array[]): Iterable<Uint8Array> {
  for (const part of parts) for (const byte of part) yield Uint8Array.of(byte);
}

function pongsOf({ heard }: RawWebSocket): Uint8Array[] {
  return heard.filter(({ opcode }) => opcode === pong).map(({ payload }) => Uint8Array.from(payload));
}

/** Answers to `question`: a server also asks. */
function answersTo({ heard }: RawWebSocket): Uint8Array[] {
  const messages = heard.filter(({ opcode }) => opcode === binary).map(({ payload }) => Uint8Array.from(payload));
  return messages.filter(([type, kind]) => type === 0 && kind === 1);
}
