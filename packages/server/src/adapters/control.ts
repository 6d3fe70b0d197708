/**
 * A second HTTP listener, for the command line of the same user on the same machine: who can read the token in the data
 * directory could read the data, too. Browsers are kept out, whatever page they show.
 */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { messageOf } from "../error.js";
import type { Logger } from "../logger.js";
import { Exchange } from "./control-exchange.js";
import { removeControlFile, writeControlFile } from "./control-file.js";
import { type ControlledServer, type ControlRoutes, createControlRoutes } from "./control-routes.js";

export interface ControlOptions extends ControlledServer {
  /** Where documents are, and where the file with address and token goes. */
  readonly directory: string;
  readonly logger: Logger;
}

const tokenBytes = 32;

export class ControlEndpoint {
  readonly #server: Server;
  readonly #routes: ControlRoutes;
  readonly #directory: string;
  readonly #logger: Logger;
  readonly #token = randomBytes(tokenBytes).toString("base64url");

  private constructor(options: ControlOptions) {
    this.#routes = createControlRoutes(options);
    this.#directory = options.directory;
    this.#logger = options.logger;
    // No limit to how long a request takes to arrive: an import is as long as it is.
    this.#server = createServer({ requestTimeout: 0 }, (request, response) => {
      void this.#answer(request, new Exchange(request, response));
    });
    this.#server.on("error", () => undefined);
  }

  /** `undefined`, and a line in the log, where it cannot be had: the server does its work without. */
  static async open(options: ControlOptions): Promise<ControlEndpoint | undefined> {
    const endpoint = new ControlEndpoint(options);
    try {
      await endpoint.#listen();
      return endpoint;
    } catch (thrown) {
      endpoint.#server.close();
      const fields = { directory: options.directory, error: messageOf(thrown) };
      options.logger.warn(fields, "no control endpoint: while the server runs, commands cannot reach the documents");
      return undefined;
    }
  }

  /** Cuts off what is under way: whoever asked is told by the connection's end. */
  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    try {
      await removeControlFile(this.#directory);
    } catch (thrown) {
      this.#logger.warn({ error: messageOf(thrown) }, "control.json could not be removed");
    }
  }

  async #listen(): Promise<void> {
    this.#server.listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    const address = this.#server.address();
    const port = typeof address === "object" ? address?.port : undefined;
    const url = `http://127.0.0.1:${port}`;
    await writeControlFile(this.#directory, { url, token: this.#token, pid: process.pid });
  }

  async #answer({ headers }: IncomingMessage, exchange: Exchange): Promise<void> {
    if (headers.origin !== undefined) return exchange.refuse(403, "this is not for browsers");
    if (!this.#isToken(headers.authorization)) return exchange.refuse(401, "the token in control.json is needed");
    const route = this.#routes[exchange.route];
    if (!route) return exchange.refuse(404, `nothing at ${exchange.route}`);
    try {
      await route(exchange);
    } catch (thrown) {
      this.#logger.debug({ route: exchange.route, error: messageOf(thrown) }, "a command failed");
      exchange.fail(thrown);
    }
  }

  #isToken(authorization: string | undefined): boolean {
    // Digests are of one length, which the comparison needs.
    return timingSafeEqual(digest(authorization ?? ""), digest(`Bearer ${this.#token}`));
  }
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
