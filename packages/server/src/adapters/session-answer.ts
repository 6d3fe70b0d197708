/** Answers to requests of the fallback transport. Knows no sessions. */
import type { ServerResponse } from "node:http";
import type { CloseCode } from "@syncline/protocol";

/** Why a session ends, as the client is told. */
export interface Farewell {
  readonly code: CloseCode;
  readonly reason: string;
}

/** Of events and of whole answers. A proxy that keeps or changes them breaks the stream. */
export const unbufferedHeaders = { "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no" } as const;

export function answerNothing(response: ServerResponse): void {
  response.writeHead(204, unbufferedHeaders).end();
}

export function answerBytes(response: ServerResponse, bytes: Uint8Array): void {
  // With a length, one that was cut off on its way is found out.
  const headers = { ...unbufferedHeaders, "Content-Type": "application/octet-stream", "Content-Length": bytes.length };
  response.writeHead(200, headers).end(bytes);
}

export function answerJson(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { ...unbufferedHeaders, "Content-Type": "application/json" }).end(JSON.stringify(value));
}

/** @param words a sentence for a person */
export function answerWords(response: ServerResponse, status: number, words: string): void {
  // What is left of the body is not read: the next request needs another connection.
  if (!response.req.complete) response.setHeader("Connection", "close");
  const headers = { ...unbufferedHeaders, "Content-Type": "text/plain; charset=utf-8" };
  response.writeHead(status, headers).end(`${words}\n`);
}

/** The session has ended, or is about to: the client should not ask again. */
export function answerFarewell(response: ServerResponse, { code, reason }: Farewell): void {
  if (!response.req.complete) response.setHeader("Connection", "close");
  answerJson(response, 410, { code, reason });
}
