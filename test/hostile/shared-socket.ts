/** A socket with several streams of the syncline dialect, and records on it that may be anything. */
import {
  decodeFrame,
  decodeStreamRecord,
  encodeFrame,
  encodeStreamFrame,
  sharedSocketPath,
  type Message,
} from "@syncline/protocol";
import { ignored, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { answerIn, hello, open, pingNumber, Speaker } from "./speaker.js";
import { Closed } from "./stranger.js";

export class SharedSocket {
  readonly #socket: Speaker;
  readonly #documentName: string;

  private constructor(socket: Speaker, documentName: string) {
    this.#socket = socket;
    this.#documentName = documentName;
  }

  static async open(arena: Arena): Promise<SharedSocket> {
    return new SharedSocket(await Speaker.connect(arena, sharedSocketPath), arena.room);
  }

  record(...records: readonly Uint8Array[]): void {
    this.#socket.send(...records);
  }

  say(stream: number, ...messages: readonly Message[]): void {
    this.record(encodeStreamFrame(stream, encodeFrame(messages)));
  }

  /** Resolves with the number of the attacked document's room. */
  async joins(stream: number, token = "writer"): Promise<number> {
    this.say(stream, hello(token), open({ documentName: this.#documentName, clientId: stream }));
    const opened = await this.#socket.hears(() => this.messages(stream).find(({ type }) => type === "opened"));
    return opened.type === "opened" ? opened.room : 0;
  }

  messages(stream: number): Message[] {
    const records = this.#socket.frames.map((bytes) => decodeStreamRecord(bytes));
    return records.flatMap((record) =>
      record.kind === "frame" && record.stream === stream ? decodeFrame(record.frame) : [],
    );
  }

  /** What came of what a stream said; how the stream or the whole socket was closed, if it was. */
  async answer(stream: number): Promise<Answer> {
    this.say(stream, { type: "ping", n: pingNumber });
    try {
      return await this.#socket.hears(() => this.#closeOf(stream) ?? answerIn(this.messages(stream)));
    } catch (thrown) {
      if (thrown instanceof Closed) return thrown.answer;
      throw thrown;
    }
  }

  /** "ignored" when another stream of the socket fares as if nothing had been. */
  async neighbour(stream: number): Promise<Answer> {
    this.say(stream, hello());
    const answer = await this.answer(stream);
    return answer.kind === "ignored" ? ignored : answer;
  }

  #closeOf(stream: number): Answer | undefined {
    for (const bytes of this.#socket.frames) {
      const record = decodeStreamRecord(bytes);
      if (record.kind === "close" && record.stream === stream)
        return { kind: "closed", code: record.code, reason: record.reason };
    }
    return undefined;
  }
}
