/** A client without a WebSocket that sends what it likes: frames in POSTs, and answers by polls, events, or none. */
import { decodeFrame, encodeFrame, readFrames, synclinePath, type Message } from "@syncline/protocol";
import * as encoding from "lib0/encoding";
import type { Answer } from "./answers.js";
import type { Arena } from "./arena.js";

export const sessionsPath = `${synclinePath}/sessions`;

/** Frames as they stand in a body. */
export function bodyOf(...frames: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const encoder = encoding.createEncoder();
  for (const bytes of frames) encoding.writeVarUint8Array(encoder, bytes);
  return encoding.toUint8Array(encoder);
}

export class Session {
  readonly id: string;
  readonly heard: Message[] = [];
  readonly #url: string;
  #sentCount = 0;
  #heardCount = 0;

  private constructor(url: string, id: string) {
    this.#url = url;
    this.id = id;
  }

  static async open({ httpUrl }: Arena): Promise<Session> {
    const url = httpUrl + sessionsPath;
    const answer = await fetch(url, { method: "POST" });
    const { session } = (await answer.json()) as { session: string };
    return new Session(`${url}/${session}`, session);
  }

  /** Any request below its path. */
  ask(rest: string, init: RequestInit = { method: "POST" }): Promise<Response> {
    return fetch(this.#url + rest, init);
  }

  /** The next frames, in their order. */
  async say(...messages: readonly Message[]): Promise<Response> {
    const first = this.#sentCount + 1;
    this.#sentCount += 1;
    return this.ask(`/frames?first=${first}`, { method: "POST", body: bodyOf(encodeFrame(messages)) });
  }

  /** Polls until something fits; how the session was closed, if it was. */
  async hears<Found>(find: (heard: readonly Message[]) => Found | undefined): Promise<Found | Answer> {
    for (;;) {
      const found = find(this.heard);
      if (found !== undefined) return found;
      const answer = await this.ask(`/poll?ack=${this.#heardCount}`);
      if (answer.status !== 200) return farewellOf(answer);
      this.#take(new Uint8Array(await answer.arrayBuffer()));
    }
  }

  /** The same by an event stream; it is left when something fits. */
  async hearsByEvents<Found>(find: (heard: readonly Message[]) => Found | undefined): Promise<Found | Answer> {
    const stream = await this.ask(`/events?ack=${this.#heardCount}`, { method: "GET" });
    let text = "";
    for await (const part of stream.body as unknown as AsyncIterable<Uint8Array>) {
      text += Buffer.from(part).toString();
      const events = text.split("\n\n");
      text = events.pop() ?? "";
      for (const event of events) {
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data === undefined) continue;
        if (event.startsWith("event: close"))
          return { kind: "closed", ...(JSON.parse(data) as { code: number; reason: string }) };
        this.#take(Uint8Array.from(Buffer.from(data, "base64")));
      }
      const found = find(this.heard);
      if (found !== undefined) return found;
    }
    return { kind: "dropped" };
  }

  #take(bytes: Uint8Array): void {
    const frames = readFrames(bytes);
    this.#heardCount += frames.length;
    this.heard.push(...frames.flatMap((frame) => decodeFrame(frame)));
  }
}

/** What it is told of its end, or the status. */
export async function farewellOf(answer: Response): Promise<Answer> {
  if (answer.status !== 410) {
    await answer.arrayBuffer();
    return { kind: "http", status: answer.status };
  }
  return { kind: "closed", ...((await answer.json()) as { code: number; reason: string }) };
}
