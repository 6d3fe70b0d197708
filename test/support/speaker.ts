/** A syncline client without a document: it says exactly what it is told to, and remembers what it hears. */
import { decodeFrame, encodeFrame, synclinePath, type Have, type Message } from "@syncline/protocol";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";

type MessageOf<Type extends Message["type"]> = Extract<Message, { type: Type }>;

export interface SpeakerOptions {
  readonly clientId?: number;
  /** What it says it holds. @default nothing */
  readonly stateVector?: Uint8Array;
  readonly generation?: string;
  /** It says that it has everything up to there instead. */
  readonly resumeFrom?: number;
  /** The connection's. @default none */
  readonly token?: string;
}

export class Speaker {
  readonly heard: Message[] = [];
  /** The same, by frames. */
  readonly frames: Message[][] = [];
  heardBytes = 0;
  /** Resolves with the code with which the connection is closed. */
  readonly closed: Promise<number>;
  readonly #socket: WebSocket;
  #watchers: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", resolve));
    socket.on("message", (frame: Uint8Array) => {
      const messages = decodeFrame(Uint8Array.from(frame));
      this.frames.push(messages);
      this.heard.push(...messages);
      this.heardBytes += frame.length;
      for (const look of this.#watchers.splice(0)) look();
    });
  }

  /** Connects and opens the document. */
  static async open(
    url: string,
    documentName: string,
    { clientId = 7, stateVector = Uint8Array.of(0), generation = "", token = "", resumeFrom }: SpeakerOptions = {},
  ): Promise<Speaker> {
    const socket = new WebSocket(url + synclinePath);
    onTestFinished(() => socket.terminate());
    const speaker = new Speaker(socket);
    await new Promise((resolve) => socket.once("open", resolve));
    const have: Have =
      resumeFrom === undefined ? { kind: "state-vector", stateVector } : { kind: "resume", seq: resumeFrom };
    speaker.say(
      { type: "hello", version: 1, token, client: "test" },
      { type: "open", requestId: 1, documentName, token: "", clientId, generation, have },
    );
    return speaker;
  }

  say(...messages: readonly Message[]): void {
    this.#socket.send(encodeFrame(messages));
  }

  async hears<Type extends Message["type"]>(
    type: Type,
    fits: (message: MessageOf<Type>) => boolean = () => true,
  ): Promise<MessageOf<Type>> {
    for (;;) {
      const found = this.heard.find((m): m is MessageOf<Type> => m.type === type && fits(m as MessageOf<Type>));
      if (found) return found;
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }
  /** Breaks the connection off. */
  hangUp(): void {
    this.#socket.terminate();
  }

  countOf(type: Message["type"]): number {
    return this.heard.filter((message) => message.type === type).length;
  }
}
