/** A client of the syncline dialect that says what it likes, over whatever carries its frames. Knows what answers look like. */
import { decodeFrame, encodeFrame, synclinePath, type Have, type Message, type Open } from "@syncline/protocol";
import type { Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { Closed, Stranger } from "./stranger.js";

export type MessageOf<Type extends Message["type"]> = Extract<Message, { type: Type }>;

export interface OpenOptions {
  readonly documentName: string;
  readonly requestId?: number;
  /** @default the connection's */
  readonly token?: string;
  readonly clientId?: number;
  readonly generation?: string;
  readonly have?: Have;
}

export function hello(token = "writer"): Message {
  return { type: "hello", version: 1, token, client: "stranger" };
}

export function open({
  documentName,
  requestId = 1,
  token = "",
  clientId = 66,
  generation = "",
  ...rest
}: OpenOptions): Open {
  const { have = { kind: "state-vector", stateVector: Uint8Array.of(0) } } = rest;
  return { type: "open", requestId, documentName, token, clientId, generation, have };
}

/** By its pong one sees that everything before was dealt with. */
export const pingNumber = 4_711;

/** What came of everything that was said, in what was heard since: `undefined` while nothing did. */
export function answerIn(heard: readonly Message[]): Answer | undefined {
  for (const message of heard) {
    if (message.type === "refused") return { kind: "refused", code: message.code, reason: message.reason };
    if (message.type === "reject") return { kind: "rejected", code: message.code, reason: message.reason };
    if (message.type === "close") return { kind: "left", code: message.code, reason: message.reason };
    if (message.type === "pong" && message.n === pingNumber) return { kind: "ignored" };
  }
  return undefined;
}

export interface SpeakerOptions {
  readonly token?: string;
  /** @default the attacked document */
  readonly documentName?: string;
  readonly clientId?: number;
}

export class Speaker extends Stranger {
  /** The number of the document it has open. */
  room = 0;
  /** Answers before this one were asked for. */
  #answeredCount = 0;

  /** Has said nothing yet. */
  static async connect({ url }: Arena, path = synclinePath): Promise<Speaker> {
    const speaker = new Speaker(url + path);
    await speaker.opened();
    return speaker;
  }

  /** Has said hello. */
  static async greeted(arena: Arena, token = "writer"): Promise<Speaker> {
    const speaker = await Speaker.connect(arena);
    speaker.say(hello(token));
    await speaker.hearsMessage("welcome");
    return speaker;
  }

  /** Has the attacked document open, and everything in it. @throws {Closed} */
  static async member(
    arena: Arena,
    { token = "writer", documentName = arena.room, clientId = 66 }: SpeakerOptions = {},
  ): Promise<Speaker> {
    const speaker = await Speaker.greeted(arena, token);
    await speaker.joins(open({ documentName, clientId }));
    return speaker;
  }

  async joins(message: Open): Promise<MessageOf<"opened">> {
    this.say(message);
    const opened = await this.hearsMessage("opened", ({ requestId }) => requestId === message.requestId);
    this.room = opened.room;
    return opened;
  }

  say(...messages: readonly Message[]): void {
    this.send(encodeFrame(messages));
  }

  /** Edits of the document it has open, counted from `n`. */
  update(n: number, update: Uint8Array): void {
    this.say({ type: "update", room: this.room, n, update });
  }

  get messages(): Message[] {
    return this.frames.flatMap((bytes) => decodeFrame(bytes));
  }

  hearsMessage<Type extends Message["type"]>(
    type: Type,
    fits: (message: MessageOf<Type>) => boolean = () => true,
  ): Promise<MessageOf<Type>> {
    return this.hears(() =>
      this.messages.find((m): m is MessageOf<Type> => m.type === type && fits(m as MessageOf<Type>)),
    );
  }

  /** The first word about what it said: a refusal, a rejection, a close. For what is answered later. */
  async verdict(): Promise<Answer> {
    try {
      const answer = await this.hears(() => answerIn(this.messages.slice(this.#answeredCount)));
      this.#answeredCount = this.messages.length;
      return answer;
    } catch (thrown) {
      if (thrown instanceof Closed) return thrown.answer;
      throw thrown;
    }
  }

  /** The same, or "ignored" when there was no such word before the server answered a ping. For what is answered at once. */
  answer(): Promise<Answer> {
    this.say({ type: "ping", n: pingNumber });
    return this.verdict();
  }
}
