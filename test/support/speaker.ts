/** A syncline client without a document: it says exactly what it is told to, and remembers what it hears. */
import { decodeFrame, encodeFrame, synclinePath, type Message } from "@syncline/protocol";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";

type MessageOf<Type extends Message["type"]> = Extract<Message, { type: Type }>;

export interface SpeakerOptions {
  readonly clientId?: number;
  /** What it says it holds. @default nothing */
  readonly stateVector?: Uint8Array;
  readonly generation?: string;
}

export class Speaker {
  readonly heard: Message[] = [];
  readonly #socket: WebSocket;
  #watchers: (() => void)[] = [];

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on("message", (frame: Uint8Array) => {
      this.heard.push(...decodeFrame(Uint8Array.from(frame)));
      for (const look of this.#watchers.splice(0)) look();
    });
  }

  /** Connects and opens the document. */
  static async open(
    url: string,
    documentName: string,
    { clientId = 7, stateVector = Uint8Array.of(0), generation = "" }: SpeakerOptions = {},
  ): Promise<Speaker> {
    const socket = new WebSocket(url + synclinePath);
    onTestFinished(() => socket.terminate());
    const speaker = new Speaker(socket);
    await new Promise((resolve) => socket.once("open", resolve));
    const have = { kind: "state-vector", stateVector } as const;
    speaker.say(
      { type: "hello", version: 1, token: "", client: "test" },
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
  countOf(type: Message["type"]): number {
    return this.heard.filter((message) => message.type === type).length;
  }
}
