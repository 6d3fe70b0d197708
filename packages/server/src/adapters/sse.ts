/**
 * Frames down as server-sent events (HTML standard, 9.2): one answer that does not end. An event holds one or more frames
 * in base64 and the number of the last; a stream that was cut goes on after the number the client names.
 */
import type { ServerResponse } from "node:http";
import type { Timers } from "../timers.js";
import type { HttpSession, Outlet } from "./http-session.js";
import { unbufferedHeaders } from "./session-answer.js";

export interface EventStreamOptions {
  readonly session: HttpSession;
  /** The last frame the client has. */
  readonly after: number;
  readonly timers: Timers;
  /** How often a comment is sent, so that no proxy takes the stream for idle. */
  readonly heartbeatMs: number;
}

/** Of one event, unless a single frame is larger. */
const maxEventBytes = 256 * 1024;

const comment = ":\n\n";

export class EventStream implements Outlet {
  readonly #response: ServerResponse;
  readonly #options: EventStreamOptions;
  #writtenNumber: number;
  #cancelHeartbeat: () => void = () => undefined;

  constructor(response: ServerResponse, options: EventStreamOptions) {
    this.#response = response;
    this.#options = options;
    this.#writtenNumber = options.after;
    response.writeHead(200, { ...unbufferedHeaders, "Content-Type": "text/event-stream" });
    // At once: the client sees that the stream has come through.
    response.write(comment);
    response.on("drain", () => this.news());
    response.on("close", () => this.#ended());
    this.#beat();
  }

  news(): void {
    const { session } = this.#options;
    // What the client does not read stays where it is, once.
    while (!this.#response.writableNeedDrain && !this.#response.writableEnded) {
      const batch = session.framesAfter(this.#writtenNumber, maxEventBytes);
      if (!batch) return this.#sayFarewell();
      this.#writtenNumber = batch.lastNumber;
      this.#response.write(`id: ${batch.lastNumber}\ndata: ${base64(batch.bytes)}\n\n`);
    }
  }

  superseded(): void {
    this.#response.end();
  }

  cut(): void {
    // What was said is left to arrive.
    if (!this.#response.writableEnded) this.#response.destroy();
  }

  #sayFarewell(): void {
    const { session } = this.#options;
    const { farewell } = session;
    if (!farewell) return;
    this.#response.once("finish", () => session.terminate());
    this.#response.end(`event: close\ndata: ${JSON.stringify(farewell)}\n\n`);
  }

  #beat(): void {
    const { timers, heartbeatMs } = this.#options;
    this.#cancelHeartbeat = timers.after(heartbeatMs, () => {
      if (!this.#response.writableNeedDrain && !this.#response.writableEnded) this.#response.write(comment);
      this.#beat();
    });
  }

  #ended(): void {
    this.#cancelHeartbeat();
    this.#options.session.detach(this);
  }
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}
