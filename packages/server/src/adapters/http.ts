/** Plain HTTP: the status page or the demo, and what a load balancer asks. Knows nothing of rooms. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import sirv from "sirv";
import { statusPage } from "./status-page.js";

export interface HttpStatus {
  readonly version: string;
  readonly connectionCount: number;
  readonly roomCount: number;
  /** False while the store refuses writes or the server is shutting down: send new clients elsewhere. */
  readonly isReady: boolean;
}

export interface HttpAdapterOptions {
  readonly status: () => HttpStatus;
  /** A directory to serve at `/`, instead of the status page. */
  readonly pageDirectory: string | undefined;
}

/** Slow headers are a way to hold sockets for nothing. */
const headersTimeoutMs = 10_000;
const maxHeaderBytes = 8 * 1024;

export function createHttpServer({ status, pageDirectory }: HttpAdapterOptions): Server {
  const page = pageDirectory === undefined ? undefined : sirv(pageDirectory, { etag: true });
  const server = createServer({ maxHeaderSize: maxHeaderBytes, keepAliveTimeout: 5_000 }, (request, response) => {
    response.setHeader("X-Content-Type-Options", "nosniff");
    const path = (request.url ?? "/").split("?", 1)[0];
    if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, "only GET\n");
    if (path === "/health") return answer(response, 200, "alive\n");
    if (path === "/ready") return answerReady(response, status());
    if (page) return page(request, response, () => notFound(request, response));
    if (path === "/") return answer(response, 200, statusPage(status()), "text/html; charset=utf-8");
    notFound(request, response);
  });
  server.headersTimeout = headersTimeoutMs;
  return server;
}

function answerReady(response: ServerResponse, { isReady }: HttpStatus): void {
  if (isReady) answer(response, 200, "ready\n");
  else answer(response, 503, "not ready: the store refuses writes, or the server is shutting down\n");
}

function notFound(request: IncomingMessage, response: ServerResponse): void {
  answer(response, 404, `nothing at ${request.url}; documents are opened over WebSocket\n`);
}

function answer(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" }).end(body);
}
