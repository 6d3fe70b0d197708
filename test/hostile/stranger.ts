/** A WebSocket that sends what it likes, in whichever dialect, remembers what it hears, and says how it was answered. */
import { decodeYWebsocketMessage, encodeYWebsocketMessage, type YWebsocketMessage } from "@syncline/protocol";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { ignored, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";

/** It was closed while something else was waited for. */
export class Closed extends Error {
  readonly answer: Answer;

  constructor(answer: Answer) {
    super(`closed: ${JSON.stringify(answer)}`);
    this.answer = answer;
  }
}

export class Stranger {
  readonly frames: Uint8Array[] = [];
  /** How the server closed it. */
  readonly closed: Promise<Answer>;
  protected readonly socket: WebSocket;
  #answer: Answer | undefined;
  #watchers: (() => void)[] = [];

  protected constructor(url: string) {
    this.socket = new WebSocket(url);
    // Not before others were looked at: what it leaves behind by being there is part of the case.
    onTestFinished(() => this.leave());
    this.socket.on("message", (bytes: Uint8Array) => {
      this.frames.push(Uint8Array.from(bytes));
      this.heard();
    });
    this.socket.on("error", () => undefined);
    this.closed = new Promise((resolve) => {
      this.socket.once("unexpected-response", (_request, { statusCode = 0 }) => {
        this.#answer = { kind: "http", status: statusCode };
        this.socket.terminate();
      });
      this.socket.once("close", (code, reason) => {
        this.#answer ??= { kind: "closed", code, reason: reason.toString() };
        this.heard();
        resolve(this.#answer);
      });
    });
  }

  protected async opened(): Promise<void> {
    await Promise.race([new Promise((resolve) => this.socket.once("open", resolve)), this.closed]);
  }

  send(...frames: readonly (Uint8Array | string)[]): void {
    for (const bytes of frames) if (this.socket.readyState === WebSocket.OPEN) this.socket.send(bytes);
  }

  /** Resolves with what `find` finds, looking again after each frame. @throws {Closed} */
  async hears<Found>(find: () => Found | undefined): Promise<Found> {
    for (;;) {
      const found = find();
      if (found !== undefined) return found;
      if (this.#answer) throw new Closed(this.#answer);
      await new Promise<void>((resolve) => void this.#watchers.push(resolve));
    }
  }

  /** A WebSocket's, not a dialect's. */
  ping(): void {
    this.socket.ping();
  }

  leave(): void {
    this.socket.terminate();
  }

  protected heard(): void {
    for (const look of this.#watchers.splice(0)) look();
  }
}

export interface StockOptions {
  readonly token?: string;
  /** @default the attacked document */
  readonly documentName?: string;
}

/** One of the y-websocket dialect. */
export class StockStranger extends Stranger {
  #mayRead = true;

  /** The server is sure to have loaded the document when it resolves. @throws {Closed} */
  static async open(arena: Arena, options: StockOptions = {}): Promise<StockStranger> {
    const stranger = await StockStranger.connect(arena, options);
    // A member hears at once who is there.
    await stranger.hears(() => stranger.messages("awareness")[0]);
    return stranger;
  }

  /** As soon as the socket is open, or refused. */
  static async connect(
    { url, room }: Arena,
    { token = "writer", documentName = room }: StockOptions = {},
  ): Promise<StockStranger> {
    const path = `/${encodeURIComponent(documentName)}?token=${encodeURIComponent(token)}`;
    const stranger = await StockStranger.at(url, path);
    stranger.#mayRead = token !== "presence";
    return stranger;
  }

  /** At a path as it is. */
  static async at(url: string, path: string): Promise<StockStranger> {
    const stranger = new StockStranger(url + path);
    await stranger.opened();
    return stranger;
  }

  say(...messages: readonly YWebsocketMessage[]): void {
    this.send(...messages.map(encodeYWebsocketMessage));
  }

  messages<Type extends YWebsocketMessage["type"]>(type: Type): Extract<YWebsocketMessage, { type: Type }>[] {
    const messages = this.frames.map((bytes) => decodeYWebsocketMessage(bytes));
    return messages.filter((message): message is Extract<YWebsocketMessage, { type: Type }> => message?.type === type);
  }

  /**
   * What came of everything it said: it was closed, or told that it may not write; "ignored" when what it says next is answered
   * as if nothing had been. On a member only: what comes sooner waits for the document.
   */
  async answer(): Promise<Answer> {
    const before = this.messages("sync-step-2").length;
    // In order: what the server has is said once everything before was dealt with. Who may only be seen is told so instead.
    this.say({ type: "sync-step-1", stateVector: Uint8Array.of(0) });
    const answered = this.hears(() =>
      this.#mayRead ? this.messages("sync-step-2")[before] : this.messages("permission-denied")[0],
    );
    const answer = await answered.then(() => ignored).catch(() => this.closed);
    const [denial] = this.messages("permission-denied");
    if (answer.kind === "ignored" && denial) return { kind: "denied", reason: denial.reason };
    return answer;
  }
}
