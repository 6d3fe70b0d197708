/** A request that is not served, and what it is answered: on a response, or on the bare socket of an upgrade. */
import { STATUS_CODES } from "node:http";
import type { Duplex } from "node:stream";

export interface RefusedRequest {
  readonly status: 400 | 403 | 408 | 414 | 429 | 431 | 503;
  /** A sentence for a person. */
  readonly words: string;
  readonly retryAfterSeconds?: number;
}

/** Answers and hangs up. For a socket on which nothing was answered yet. */
export function answerOnSocket(socket: Duplex, { status, words, retryAfterSeconds }: RefusedRequest): void {
  const body = `${words}\n`;
  const lines = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Connection: close",
    "Cache-Control: no-store",
    "Content-Type: text/plain; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    ...(retryAfterSeconds === undefined ? [] : [`Retry-After: ${retryAfterSeconds}`]),
  ];
  // Who does not hang up in turn is not waited for.
  socket.once("finish", () => socket.destroy());
  socket.end(`${lines.join("\r\n")}\r\n\r\n${body}`);
}
