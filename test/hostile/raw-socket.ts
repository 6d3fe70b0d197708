/** A TCP connection that sends whatever bytes it likes, and reads answers as HTTP, then as WebSocket frames. Knows no dialect. */
import type { Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { PatientSocket } from "./patient-socket.js";

const upgradeHeaders = {
  Host: "syncline.test",
  Upgrade: "websocket",
  Connection: "Upgrade",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** The request by which a WebSocket begins; a header that is `undefined` in `changes` is left out. */
export function upgradeRequest(path: string, changes: Readonly<Record<string, string | undefined>> = {}): string {
  return request(`GET ${path} HTTP/1.1`, { ...upgradeHeaders, ...changes });
}

export function request(line: string, headers: Readonly<Record<string, string | undefined>>): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return [line, ...lines, "", ""].join("\r\n");
}

export interface FrameSpec {
  readonly opcode: number;
  readonly payload?: Uint8Array;
  readonly isFinal?: boolean;
  /** Reserved bits: 4, 2, 1. */
  readonly reserved?: number;
  readonly isMasked?: boolean;
  /** Announced instead of the payload's length. */
  readonly length?: number;
  /** In how many bytes the length is written. @default as few as it takes */
  readonly lengthBytes?: 1 | 2 | 8;
}

export const opcodes = { continuation: 0, text: 1, binary: 2, close: 8, ping: 9, pong: 10 } as const;

/** A frame as RFC 6455 has it, or nearly. Masked with zeros, unless it is not masked. */
export function frame({ opcode, payload = new Uint8Array(), ...rest }: FrameSpec): Uint8Array {
  const { isFinal = true, reserved = 0, isMasked = true, length = payload.length } = rest;
  const { lengthBytes = length < 126 ? 1 : length < 65_536 ? 2 : 8 } = rest;
  const mask = isMasked ? 0x80 : 0;
  const head = [(isFinal ? 0x80 : 0) | (reserved << 4) | opcode];
  if (lengthBytes === 1) head.push(mask | length);
  else head.push(mask | (lengthBytes === 2 ? 126 : 127), ...bigEndian(length, lengthBytes));
  return Buffer.concat([Uint8Array.from(head), new Uint8Array(isMasked ? 4 : 0), payload]);
}

export function closeFrame(code: number, reason: Uint8Array = new Uint8Array()): Uint8Array {
  return frame({ opcode: opcodes.close, payload: Uint8Array.of(code >> 8, code & 0xff, ...reason) });
}

function bigEndian(value: number, byteCount: number): number[] {
  return Array.from({ length: byteCount }, (_, index) => Math.floor(value / 256 ** (byteCount - 1 - index)) % 256);
}

interface Frame {
  readonly opcode: number;
  readonly payload: Uint8Array;
}

export class RawSocket {
  readonly #socket: PatientSocket;
  /** Resolves when the server has ended it. */
  readonly ended: Promise<void>;
  #received = Buffer.alloc(0);
  #watchers: (() => void)[] = [];
  #isEnded = false;

  private constructor(socket: PatientSocket) {
    this.#socket = socket;
    socket.on("error", () => undefined);
    socket.on("data", (bytes: Buffer) => {
      this.#received = Buffer.concat([this.#received, bytes]);
      this.#look();
    });
    this.ended = new Promise((resolve) => {
      socket.once("close", () => {
        this.#isEnded = true;
        this.#look();
        resolve();
      });
    });
  }

  static async open({ port }: Arena): Promise<RawSocket> {
    const socket = new PatientSocket();
    socket.connect({ port, host: "127.0.0.1" }).setNoDelay();
    const raw = new RawSocket(socket);
    await new Promise((resolve) => socket.once("connect", resolve));
    return raw;
  }

  /** With a WebSocket's handshake done. */
  static async upgraded(arena: Arena, path: string): Promise<RawSocket> {
    const socket = await RawSocket.open(arena);
    socket.send(upgradeRequest(path));
    await socket.status();
    return socket;
  }

  send(...parts: readonly (string | Uint8Array)[]): void {
    for (const part of parts) this.#socket.write(part);
  }

  /** Sends a beginning, and then the same again and again for as long as the server lets it. */
  drips(beginning: string, drop: string): void {
    this.send(beginning);
    const timer = setInterval(() => this.send(drop), 500);
    void this.ended.then(() => clearInterval(timer));
  }

  /** Reads nothing from now on, and asks until the server has ended it. */
  async asksUntilEnded(question: Uint8Array): Promise<void> {
    this.#socket.pause();
    // A socket that is not read from is not seen to close: writing to it fails.
    while (!this.#isEnded && !this.#socket.hasFailedToWrite) {
      const isWritten = new Promise<void>((resolve) => this.#socket.write(question, () => resolve()));
      await Promise.race([isWritten, this.ended]);
    }
  }

  /** A reset. On a socket that the server ended, and that is being shut down in turn, node would never be done with one. */
  hangUp(): void {
    if (this.#socket.readableEnded) this.#socket.destroy();
    else this.#socket.resetAndDestroy();
  }

  /** Status of the next HTTP answer, whose head is taken off what was received; `undefined` when there is none. */
  async status(): Promise<number | undefined> {
    await this.#until(() => this.#received.includes("\r\n\r\n"));
    const end = this.#received.indexOf("\r\n\r\n");
    if (end < 0) return undefined;
    const head = this.#received.subarray(0, end).toString("latin1");
    const bodyBytes = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    this.#received = this.#received.subarray(end + 4 + bodyBytes);
    return Number(/^HTTP\/1\.1 (\d{3})/.exec(head)?.[1]);
  }

  async httpAnswer(): Promise<Answer> {
    const status = await this.status();
    return status === undefined ? { kind: "dropped" } : { kind: "http", status };
  }

  /** The next frame of this kind; `undefined` when the socket ends without. Frames before it are taken off. */
  async nextFrame(opcode: number): Promise<Frame | undefined> {
    for (;;) {
      const found = this.#takeFrame();
      if (found?.opcode === opcode) return found;
      if (found) continue;
      if (this.#isEnded) return undefined;
      await this.#change();
    }
  }

  /** How the server closed it. */
  async closeAnswer(): Promise<Answer> {
    const close = await this.nextFrame(opcodes.close);
    return close ? closeOf(close) : { kind: "dropped" };
  }

  /** "ignored" once the server answers a ping with what it was sent; how it closed, if it does that instead. */
  async pingAnswer(): Promise<Answer> {
    const payload = Buffer.from("still there?");
    this.send(frame({ opcode: opcodes.ping, payload }));
    for (;;) {
      const found = this.#takeFrame();
      if (found?.opcode === opcodes.pong && payload.equals(found.payload)) return { kind: "ignored" };
      if (found?.opcode === opcodes.close) return closeOf(found);
      if (found) continue;
      if (this.#isEnded) return { kind: "dropped" };
      await this.#change();
    }
  }

  #takeFrame(): Frame | undefined {
    const bytes = this.#received;
    if (bytes.length < 2) return undefined;
    const short = (bytes[1] ?? 0) & 0x7f;
    const headBytes = short < 126 ? 2 : short === 126 ? 4 : 10;
    if (bytes.length < headBytes) return undefined;
    const length = short < 126 ? short : short === 126 ? bytes.readUInt16BE(2) : Number(bytes.readBigUInt64BE(2));
    if (bytes.length < headBytes + length) return undefined;
    this.#received = bytes.subarray(headBytes + length);
    return { opcode: (bytes[0] ?? 0) & 0x0f, payload: bytes.subarray(headBytes, headBytes + length) };
  }

  async #until(holds: () => boolean): Promise<void> {
    while (!holds() && !this.#isEnded) await this.#change();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => void this.#watchers.push(resolve));
  }

  #look(): void {
    for (const look of this.#watchers.splice(0)) look();
  }
}

/** A close without a code is 1005 to whoever reads it. */
function closeOf({ payload }: Frame): Answer {
  const [high, low, ...reason] = payload;
  const code = high === undefined || low === undefined ? 1005 : high * 256 + low;
  return { kind: "closed", code, reason: Buffer.from(reason).toString() };
}
