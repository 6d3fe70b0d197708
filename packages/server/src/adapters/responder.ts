/** Lets the embedder answer requests of its own. What goes wrong there ends that one request, and nothing else. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { synclinePath } from "@syncline/protocol";
import { messageOf } from "../error.js";
import type { Logger } from "../logger.js";

/** Whether it has answered `request`, or will. */
export type Respond = (request: IncomingMessage, response: ServerResponse) => boolean | Promise<boolean>;

export class Responder {
  readonly #respond: Respond | undefined;
  readonly #logger: Logger;

  constructor(respond: Respond | undefined, logger: Logger) {
    this.#respond = respond;
    this.#logger = logger;
  }

  /** Calls `otherwise` when nobody has answered. */
  ask(request: IncomingMessage, response: ServerResponse, otherwise: () => void): void {
    if (!this.#respond || isForDocuments(pathOf(request))) return otherwise();
    const fail = (thrown: unknown) => this.#fail(request, response, thrown);
    // Written to after its end, a response says so with an event that nobody else listens to.
    response.on("error", fail);
    this.#answered(this.#respond, request, response)
      .then((isAnswered) => !isAnswered && otherwise())
      .catch(fail);
  }

  async #answered(respond: Respond, request: IncomingMessage, response: ServerResponse): Promise<boolean> {
    return (await respond(request, response)) || response.headersSent;
  }

  #fail(request: IncomingMessage, response: ServerResponse, thrown: unknown): void {
    // Without the query: it may hold what is not for a log.
    const fields = { method: request.method, path: pathOf(request), error: messageOf(thrown) };
    this.#logger.error(fields, "respond failed; the request was not answered as it should");
    if (response.headersSent) return void response.destroy();
    // Set for another answer: a length, an encoding.
    for (const name of response.getHeaderNames()) response.removeHeader(name);
    response.setHeader("X-Content-Type-Options", "nosniff");
    response.writeHead(500, { "Content-Type": "text/plain; charset=utf-8" }).end("the server failed\n");
  }
}

function pathOf({ url = "/" }: IncomingMessage): string {
  return url.split("?", 1)[0] ?? "/";
}

function isForDocuments(path: string): boolean {
  return path === synclinePath || path.startsWith(`${synclinePath}/`);
}
