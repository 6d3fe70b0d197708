/** One request to the control endpoint and its answer. Knows no documents. */
import { once } from "node:events";
import type { IncomingMessage, ServerResponse } from "node:http";
import { messageOf, SynclineError } from "../error.js";
import { checkedName, wireError, type WireError } from "./control-wire.js";

/** Of a body that is not updates. */
const maxJsonBytes = 64 * 1024;

export class Exchange {
  /** `GET /list`: what is asked for. */
  readonly route: string;
  readonly #query: URLSearchParams;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;

  constructor(request: IncomingMessage, response: ServerResponse) {
    const [path = "/", query] = (request.url ?? "/").split("?", 2);
    this.route = `${request.method} ${path}`;
    this.#query = new URLSearchParams(query);
    this.#request = request;
    this.#response = response;
  }

  /** @throws {SynclineError} `invalid-option` */
  get documentName(): string {
    return checkedName(this.#query.get("name") ?? "");
  }

  isAsked(flag: string): boolean {
    return this.#query.get(flag) === "true";
  }

  get body(): AsyncIterable<Uint8Array> {
    return this.#request;
  }

  /** @throws {SynclineError} `invalid-option` */
  async readJson(): Promise<unknown> {
    const decoder = new TextDecoder();
    let text = "";
    for await (const chunk of this.body) {
      text += decoder.decode(chunk, { stream: true });
      if (text.length > maxJsonBytes) throw new SynclineError("invalid-option", "the request is too large");
    }
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new SynclineError("invalid-option", `the request is not JSON: ${messageOf(cause)}`, { cause });
    }
  }

  sendBytes(bytes: Uint8Array, type = "application/octet-stream"): void {
    this.#head(200, type, bytes.length);
    this.#response.end(bytes);
  }

  sendJson(value: unknown, status = 200): void {
    const bytes = new TextEncoder().encode(JSON.stringify(value));
    this.#head(status, "application/json", bytes.length);
    this.#response.end(bytes);
  }

  /** All values, a line each, as fast as they are read. */
  async sendLines(values: AsyncIterable<unknown>): Promise<void> {
    for await (const value of values) {
      this.writeLine(value);
      if (this.#response.writableNeedDrain) await this.#drained();
    }
    this.endLines();
  }

  /** @throws {SynclineError} `closed` when nobody reads any more */
  writeLine(value: unknown): void {
    if (this.#response.destroyed) throw new SynclineError("closed", "whoever asked has gone");
    if (!this.#response.headersSent) this.#head(200, "application/x-ndjson");
    this.#response.write(`${JSON.stringify(value)}\n`);
  }

  endLines(): void {
    if (!this.#response.headersSent) this.#head(200, "application/x-ndjson");
    this.#response.end();
  }

  /** What was thrown, as the answer or as the last line of one that has begun. */
  fail(thrown: unknown): void {
    const error = wireError(thrown);
    if (!this.#response.headersSent) this.sendJson(error, statusOf(error));
    else if (!this.#response.destroyed) this.#response.end(`${JSON.stringify({ error })}\n`);
  }

  refuse(status: number, message: string): void {
    this.sendJson({ code: "refused", message }, status);
  }

  #head(status: number, type: string, byteLength?: number): void {
    const length = byteLength === undefined ? {} : { "Content-Length": byteLength };
    this.#response.writeHead(status, { "Content-Type": type, "Cache-Control": "no-store", ...length });
  }

  async #drained(): Promise<void> {
    const settled = new AbortController();
    const options = { signal: settled.signal };
    const drained = once(this.#response, "drain", options);
    await Promise.race([drained, once(this.#response, "close", options)]).finally(() => settled.abort());
  }
}

const statuses: Readonly<Record<string, number>> = {
  "document-not-found": 404,
  "document-exists": 409,
  "invalid-option": 400,
  "data-unusable": 400,
  "not-supported": 501,
  closed: 503,
  busy: 503,
};

function statusOf({ code }: WireError): number {
  return statuses[code] ?? 500;
}
