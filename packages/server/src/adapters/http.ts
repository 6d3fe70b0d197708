/** Plain HTTP: the status page or the demo, and what a load balancer asks. Knows nothing of rooms. */
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerOptions, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import type { Socket } from "node:net";
import type { Duplex } from "node:stream";
import sirv from "sirv";
import { messageOf, SynclineError } from "../error.js";
import type { Logger } from "../logger.js";
import type { Refusals } from "../refusals.js";
import type { Certificate } from "./certificate.js";
import { answerUnreadable } from "./http-socket-errors.js";
import { Metrics } from "./metrics.js";
import { answerOnSocket, type RefusedRequest } from "./refused-request.js";
import { Responder, type Respond } from "./responder.js";
import { remarksOn, type ServerStatus } from "./server-status.js";
import { SilentSockets, type SilentSocketsOptions } from "./silent-sockets.js";
import { statusPage } from "./status-page.js";
import { refuseBody } from "./unwanted-body.js";

export interface HttpAdapterOptions {
  readonly status: () => ServerStatus;
  /** A directory to serve at `/`, instead of the status page. */
  readonly pageDirectory: string | undefined;
  /** A client asks for another protocol: the socket is the callee's. */
  readonly upgrade: (request: IncomingMessage, socket: Duplex, head: Uint8Array) => void;
  /**
   * Answers, now or later, if the path is one for clients without WebSockets; returns whether it is. `known` is called with
   * the request's socket once its client was let into a document.
   */
  readonly takes: (request: IncomingMessage, response: ServerResponse, known: (socket: Socket) => void) => boolean;
  /** Asked next, before anything here answers. */
  readonly respond: Respond | undefined;
  readonly logger: Logger;
  readonly refusals: Refusals;
  readonly silentSockets: Pick<SilentSocketsOptions, "maxPerAddress" | "isExempt">;
  /** WebSockets and sessions there may be. */
  readonly maxConnections: number;
  /** With it, TLS is spoken, and nothing else. */
  readonly certificate: Certificate | undefined;
}

const maxHeaderBytes = 8 * 1024;
const maxUrlLength = 2 * 1024;

/** Slow headers are a way to hold sockets for nothing. */
const headersTimeoutMs = 10_000;

/** How often node looks for those who are too slow. */
const checkEveryMs = 1_000;

/** A request whose body is not there by then is cut off. Uploads of documents have a stricter rule of their own. */
const requestTimeoutMs = 300_000;

/** A connection on which nothing moves: its client does not read the answer. A poll is silent for 20 s, a stream for 10. */
const stillTimeoutMs = 120_000;

/** Sockets besides those that are counted as connections, so that who comes too late can be told so. */
const spareSockets = 4_096;

const serverOptions: ServerOptions = {
  maxHeaderSize: maxHeaderBytes,
  headersTimeout: headersTimeoutMs,
  requestTimeout: requestTimeoutMs,
  connectionsCheckingInterval: checkEveryMs,
  keepAliveTimeout: 5_000,
};

/** Connections the system may hold for us while we are busy: after a restart everybody comes at once. */
const backlog = 4_096;

export class HttpAdapter {
  readonly #server: Server;
  readonly #silentSockets: SilentSockets;

  constructor(options: HttpAdapterOptions) {
    const { pageDirectory, status, takes, upgrade, refusals } = options;
    const page = pageDirectory === undefined ? undefined : sirv(pageDirectory, { etag: true });
    const services = { status, metrics: new Metrics(status, refusals), page };
    const responder = new Responder(options.respond, options.logger);
    const known = (socket: Socket) => this.#silentSockets.known(socket);
    this.#silentSockets = new SilentSockets({ ...options.silentSockets, refusals });
    this.#server = this.#createServer(options);
    this.#server.on("request", (request: IncomingMessage, response: ServerResponse) => {
      response.setHeader("X-Content-Type-Options", "nosniff");
      const refused = refusalOfUrl(request, refusals);
      if (refused) return answer(response, refused.status, `${refused.words}\n`);
      if (takes(request, response, known)) return;
      responder.ask(request, response, () => showPage(request, response, services));
    });
    this.#server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Uint8Array) => {
      known(request.socket);
      const refused = refusalOfUrl(request, refusals);
      if (refused) answerOnSocket(socket, refused);
      else upgrade(request, socket, head);
    });
    this.#server.on("clientError", answerUnreadable({ maxHeaderBytes, headersTimeoutMs }, refusals));
    // Once it listens: a connection that could not be accepted is not a reason to stop. `listen` hears of its own errors.
    this.#server.on("error", () => undefined);
  }

  /** The port it listens on; `undefined` when it does not. */
  get port(): number | undefined {
    const address = this.#server.address();
    return typeof address === "object" ? address?.port : undefined;
  }

  /** @throws {SynclineError} `cannot-listen` */
  async listen(host: string, port: number): Promise<void> {
    try {
      this.#server.listen({ port, host, backlog });
      await once(this.#server, "listening");
    } catch (cause) {
      throw new SynclineError("cannot-listen", whyNotListening(cause, host, port), { cause });
    }
  }

  #createServer({ certificate, maxConnections }: HttpAdapterOptions): Server {
    const server = certificate ? createCertified(certificate) : createServer(serverOptions);
    server.timeout = stillTimeoutMs;
    server.maxConnections = maxConnections + spareSockets;
    this.#silentSockets.watch(server);
    return server;
  }

  /** Takes no more connections, and drops those that are left. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}

function createCertified(certificate: Certificate): Server {
  const server = createTlsServer({ ...serverOptions, ...certificate.options });
  certificate.serve(server);
  return server;
}

function refusalOfUrl({ url = "" }: IncomingMessage, refusals: Refusals): RefusedRequest | undefined {
  if (url.length <= maxUrlLength) return undefined;
  const words = `the URL is above ${maxUrlLength} bytes`;
  refusals.note("size", words);
  return { status: 414, words };
}

type Page = ReturnType<typeof sirv>;

interface PageServices {
  readonly status: () => ServerStatus;
  readonly metrics: Metrics;
  readonly page: Page | undefined;
}

function showPage(request: IncomingMessage, response: ServerResponse, { status, metrics, page }: PageServices): void {
  refuseBody(request, response);
  const path = (request.url ?? "/").split("?", 1)[0];
  if (request.method !== "GET" && request.method !== "HEAD") return answer(response, 405, "only GET\n");
  if (path === "/health") return answer(response, 200, "alive\n");
  if (path === "/ready") return answerReady(response, status());
  if (path === "/metrics") return void answerMetrics(response, metrics);
  if (page) return page(request, response, () => notFound(request, response));
  if (path === "/") return answer(response, 200, statusPage(status()), "text/html; charset=utf-8");
  notFound(request, response);
}

function answerReady(response: ServerResponse, status: ServerStatus): void {
  const state = status.isReady ? "ready" : "not ready: the store refuses writes, or the server is shutting down";
  answer(response, status.isReady ? 200 : 503, [state, ...remarksOn(status), ""].join("\n"));
}

async function answerMetrics(response: ServerResponse, metrics: Metrics): Promise<void> {
  try {
    answer(response, 200, await metrics.text(), metrics.contentType);
  } catch (thrown) {
    answer(response, 500, `${messageOf(thrown)}\n`);
  }
}

function notFound(request: IncomingMessage, response: ServerResponse): void {
  answer(response, 404, `nothing at ${request.url}; documents are opened over WebSocket\n`);
}

function answer(response: ServerResponse, status: number, body: string, type = "text/plain; charset=utf-8"): void {
  // Who asks for what there is not is not waited for.
  if (status >= 400) response.setHeader("Connection", "close");
  response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store" }).end(body);
}

function whyNotListening(cause: unknown, host: string, port: number): string {
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  if (code === "EADDRINUSE")
    return `port ${port} of ${host} is in use; stop what uses it, or choose another with --port`;
  if (code === "EADDRNOTAVAIL") return `${host} is not an address of this machine; choose another with --host`;
  if (code === "EACCES") return `this user may not listen on port ${port}; choose one above 1023 with --port`;
  return `cannot listen on ${host}:${port}: ${messageOf(cause)}`;
}
