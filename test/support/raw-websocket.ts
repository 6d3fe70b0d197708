/** A WebSocket client that writes its frames byte by byte as it likes, and reads the server's as RFC 6455 has them. */
import { once } from "node:events";
import { connect, type Socket } from "node:net";

export const opcode = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

export interface FrameParts {
  readonly opcode: number;
  readonly payload?: Uint8Array;
  readonly isLast?: boolean;
  /** The three reserved bits: 4, 2 and 1. */
  readonly reserved?: number;
  readonly isMasked?: boolean;
  /** Announced in place of the payload's. */
  readonly length?: number;
  /** How the length is written. @default as short as can be */
  readonly lengthBits?: 7 | 16 | 64;
}

const mask = Uint8Array.of(0x12, 0x34, 0x56, 0x78);

export function frame(parts: FrameParts): Uint8Array {
  const { payload = new Uint8Array(), isLast = true, reserved = 0, isMasked = true } = parts;
  const { length = payload.length } = parts;
  const { lengthBits = length < 126 ? 7 : length < 65_536 ? 16 : 64 } = parts;
  const head = Buffer.alloc(2 + { 7: 0, 16: 2, 64: 8 }[lengthBits]);
  head[0] = (isLast ? 0x80 : 0) | (reserved << 4) | parts.opcode;
  head[1] = (isMasked ? 0x80 : 0) | { 7: length & 0x7f, 16: 126, 64: 127 }[lengthBits];
  if (lengthBits === 16) head.writeUInt16BE(length, 2);
  if (lengthBits === 64) head.writeBigUInt64BE(BigInt(length), 2);
  return isMasked ? Buffer.concat([head, mask, masked(payload)]) : Buffer.concat([head, payload]);
}

/** `payload` in `count` frames of one message. */
export function fragments(kind: number, payload: Uint8Array, count: number): Uint8Array[] {
  const size = Math.ceil(payload.length / count);
  return Array.from({ length: count }, (_, index) =>
    frame({
      opcode: index === 0 ? kind : opcode.continuation,
      payload: payload.subarray(index * size, (index + 1) * size),
      isLast: index === count - 1,
    }),
  );
}

/** @param code none: a close frame without a body */
export function closeFrame(code?: number, reason: Uint8Array = new Uint8Array()): Uint8Array {
  if (code === undefined) return frame({ opcode: opcode.close });
  return frame({ opcode: opcode.close, payload: Uint8Array.of(code >> 8, code & 0xff, ...reason) });
}

function masked(payload: Uint8Array): Uint8Array {
  return payload.map((byte, index) => byte ^ (mask[index % 4] ?? 0));
}

export interface Heard {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

/** How a server ended it: with a close frame, its code (`undefined`: it had none) and reason; or without a word. */
export type Ending = { readonly code: number | undefined; readonly reason: string } | "cut off";

export class RawWebSocket {
  readonly heard: Heard[] = [];
  /** Resolves when the server has ended the TCP connection. */
  readonly ended: Promise<Ending>;
  /** Set when the server sends what no server may. */
  mistake: string | undefined;
  readonly #socket: Socket;
  #unread: Uint8Array = new Uint8Array();
  #ending: Ending = "cut off";

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    this.ended = once(socket, "close").then(() => this.#ending);
  }

  /** @param path as it goes over the wire: nothing is encoded, and no `..` left out @default that of `url` */
  static async open(url: string, path = new URL(url).pathname): Promise<RawWebSocket> {
    const { hostname, port, host } = new URL(url);
    const socket = connect(Number(port), hostname);
    socket.setNoDelay(true);
    const webSocket = new RawWebSocket(socket);
    socket.write(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    );
    await webSocket.#upgraded();
    return webSocket;
  }

  /** The rest of the answer to the upgrade is frames. */
  async #upgraded(): Promise<void> {
    let answer = Buffer.alloc(0);
    while (!answer.includes("\r\n\r\n")) {
      const [part] = (await once(this.#socket, "data")) as [Buffer];
      answer = Buffer.concat([answer, part]);
    }
    if (!answer.toString("latin1").startsWith("HTTP/1.1 101 ")) throw new Error(answer.toString("latin1"));
    this.#socket.on("data", (part: Buffer) => this.#read(part));
    this.#read(answer.subarray(answer.indexOf("\r\n\r\n") + 4));
  }

  write(...parts: readonly Uint8Array[]): void {
    this.#socket.write(Buffer.concat(parts));
  }

  /** Resolves when the system has taken them. */
  async writeEach(parts: Iterable<Uint8Array>): Promise<void> {
    for (const part of parts) {
      if (this.#socket.destroyed) return;
      await new Promise<void>((resolve) => this.#socket.write(part, () => resolve()));
    }
  }

  /** Reads nothing more. */
  pause(): void {
    this.#socket.pause();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #read(part: Uint8Array): void {
    this.#unread = Buffer.concat([this.#unread, part]);
    for (let length = this.#readFrame(); length > 0; length = this.#readFrame()) {
      this.#unread = this.#unread.subarray(length);
    }
  }

  /** How long the frame was; 0: it is not all there. */
  #readFrame(): number {
    const [first = 0, second = 0] = this.#unread;
    if (this.#unread.length < 2) return 0;
    const short = second & 0x7f;
    const headLength = 2 + (short === 126 ? 2 : short === 127 ? 8 : 0);
    if (this.#unread.length < headLength) return 0;
    const view = new DataView(this.#unread.buffer, this.#unread.byteOffset);
    const length = short === 126 ? view.getUint16(2) : short === 127 ? Number(view.getBigUint64(2)) : short;
    if (this.#unread.length < headLength + length) return 0;
    if ((first & 0xf0) !== 0x80 || second >= 0x80) this.mistake = `a frame that begins ${first}, ${second}`;
    this.#hear({ opcode: first & 0xf, payload: this.#unread.slice(headLength, headLength + length) });
    return headLength + length;
  }

  #hear(heard: Heard): void {
    this.heard.push(heard);
    if (heard.opcode !== opcode.close) return;
    const [high, low, ...reason] = heard.payload;
    const code = high === undefined || low === undefined ? undefined : high * 256 + low;
    this.#ending = { code, reason: Buffer.from(reason).toString() };
    // As the other end is to do it; the TCP connection is the server's to end.
    this.write(closeFrame(code));
  }
}
