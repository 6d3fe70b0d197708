/** Servers whose `authorize` knows a few tokens, and stock providers that bring one. */
import {
  MemoryStorage,
  NotAuthorized,
  startServer,
  type Authorization,
  type AuthorizeRequest,
  type ServerOptions,
} from "@syncline/server";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import { readAuthMessage } from "y-protocols/auth";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import type { Client } from "./clients.js";
import { LogLines } from "./faulty-server.js";

export type Answer = Authorization | Error;

/** What each token is answered with. One that is not here is not accepted. */
export class Door {
  readonly asked: AuthorizeRequest[] = [];
  readonly #answers: Record<string, Answer>;

  constructor(answers: Record<string, Answer>) {
    this.#answers = answers;
  }

  set(token: string, answer: Answer): void {
    this.#answers[token] = answer;
  }

  readonly authorize = (request: AuthorizeRequest): Authorization => {
    this.asked.push(request);
    const answer = this.#answers[request.token] ?? new NotAuthorized("nobody knows this token");
    if (answer instanceof Error) throw answer;
    return answer;
  };
}

export async function serve(answers: Record<string, Answer>, options: Partial<ServerOptions> = {}) {
  const door = new Door(answers);
  const log = new LogLines();
  const { authorize } = door;
  const server = await startServer({ port: 0, data: new MemoryStorage(), logger: log, authorize, ...options });
  onTestFinished(() => server.close());
  return { server, url: server.url, door, log };
}

export interface StockClient extends Client {
  readonly provider: WebsocketProvider;
  /** Reasons with which it was told that it has no permission. */
  readonly denials: string[];
}

/** A stock provider that brings `token` in the query, as they do. */
export function stock(url: string, documentName: string, token: string, doc = new Y.Doc()): StockClient {
  const provider = new WebsocketProvider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
    params: { token },
  });
  const denials: string[] = [];
  // Instead of a line on the console.
  provider.messageHandlers[2] = (_, decoder) => readAuthMessage(decoder, doc, (_doc, reason) => denials.push(reason));
  const destroy = () => {
    provider.destroy();
    provider.awareness.destroy();
  };
  onTestFinished(destroy);
  return { doc, text: doc.getText("text"), provider, denials, destroy };
}
