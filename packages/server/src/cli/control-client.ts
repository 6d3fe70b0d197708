/** The documents of a running server, over its control endpoint: the other side of adapters/control-routes.ts. */
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { buffer } from "node:stream/consumers";
import type { ControlAddress } from "../adapters/control-file.js";
import type { ControlledDocuments } from "../adapters/control-routes.js";
import { encodeUpdates, type WireError } from "../adapters/control-wire.js";
import type { Revoked } from "../connection/revocations.js";
import type { CheckReport, DocumentReport, DocumentSummary, ImportReport } from "../documents/documents.js";
import { messageOf, SynclineError, type SynclineErrorCode } from "../error.js";
import type { BackupProgress } from "../storage/storage.js";
import { WorkerError, type WorkerErrorCode } from "../worker/error.js";

interface Call {
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: Iterable<Uint8Array>;
}

export class ControlClient implements ControlledDocuments {
  readonly #address: ControlAddress;

  constructor(address: ControlAddress) {
    this.#address = address;
  }

  /** Whether it is that server which is there: the file may be left from one that was killed. */
  async isThere(): Promise<boolean> {
    const greeting = await this.#json<unknown>("GET /", {}).catch(() => undefined);
    return typeof greeting === "object" && greeting !== null && "syncline" in greeting;
  }

  list(): AsyncIterable<DocumentSummary> {
    return this.#lines<DocumentSummary>("GET /list");
  }

  inspect(name: string): Promise<DocumentReport> {
    return this.#json("GET /inspect", { query: { name } });
  }

  async delete(name: string): Promise<void> {
    await this.#bytes("POST /delete", { query: { name } });
  }

  async recreate(name: string): Promise<void> {
    await this.#bytes("POST /recreate", { query: { name } });
  }

  export(name: string): Promise<Uint8Array> {
    return this.#bytes("GET /export", { query: { name } });
  }

  content(name: string): Promise<Uint8Array> {
    return this.#bytes("GET /content", { query: { name } });
  }

  import(
    name: string,
    updates: readonly Uint8Array[],
    { replace = false }: { readonly replace?: boolean } = {},
  ): Promise<ImportReport> {
    const query = { name, replace: String(replace) };
    return this.#json("POST /import", { query, body: encodeUpdates(updates) });
  }

  check(name: string): Promise<CheckReport> {
    return this.#json("GET /check", { query: { name } });
  }

  repair(name: string): Promise<CheckReport> {
    return this.#json("POST /repair", { query: { name } });
  }

  async backUp(directory: string, onProgress: (progress: BackupProgress) => void = () => undefined): Promise<void> {
    const body = [new TextEncoder().encode(JSON.stringify({ directory }))];
    for await (const progress of this.#lines<BackupProgress>("POST /backup", { body })) onProgress(progress);
  }

  /** How many clients it was about. */
  async revoke(revoked: Revoked): Promise<number> {
    const body = [new TextEncoder().encode(JSON.stringify(revoked))];
    return (await this.#json<{ readonly clientCount: number }>("POST /revoke", { body })).clientCount;
  }

  async #json<Value>(route: string, call: Call): Promise<Value> {
    return JSON.parse(new TextDecoder().decode(await this.#bytes(route, call))) as Value;
  }

  async #bytes(route: string, call: Call): Promise<Uint8Array> {
    const response = await this.#call(route, call);
    return buffer(response).catch(rethrowAsGone);
  }

  async *#lines<Value>(route: string, call: Call = {}): AsyncGenerator<Value> {
    const response = await this.#call(route, call);
    try {
      for await (const line of linesOf(response)) {
        const value: unknown = JSON.parse(line);
        const error = errorIn(value);
        if (error) throw error;
        yield value as Value;
      }
    } finally {
      // Whoever stops early is not sent the rest.
      response.destroy();
    }
  }

  /** @throws what the server answered that it threw */
  async #call(route: string, call: Call): Promise<IncomingMessage> {
    const response = await this.#send(route, call).catch(rethrowAsGone);
    if (response.statusCode === 200) return response;
    const text = new TextDecoder().decode(await buffer(response).catch(rethrowAsGone));
    throw errorOf(JSON.parse(text) as WireError);
  }

  async #send(route: string, { query = {}, body = [] }: Call): Promise<IncomingMessage> {
    const [method, path] = route.split(" ");
    const search = new URLSearchParams(query).toString();
    const sent = request(`${this.#address.url}${path}?${search}`, {
      method,
      headers: { authorization: `Bearer ${this.#address.token}` },
      agent: false,
    });
    const answered = once(sent, "response");
    // Where writing fails, there is an answer that came early, or the request fails as a whole.
    pipeline(Readable.from(body), sent).catch(() => undefined);
    const [response] = (await answered) as [IncomingMessage];
    return response;
  }
}

async function* linesOf(response: IncomingMessage): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
      rest = lines.pop() ?? "";
      yield* lines;
    }
  } catch (thrown) {
    rethrowAsGone(thrown);
  }
}

function rethrowAsGone(cause: unknown): never {
  const message = `the server ended the connection (${messageOf(cause)}); if it was restarted, run this again`;
  throw new SynclineError("closed", message, { cause });
}

function errorIn(value: unknown): Error | undefined {
  if (typeof value !== "object" || value === null || !("error" in value)) return undefined;
  return errorOf(value.error as WireError);
}

const workerErrorCodes: ReadonlySet<string> = new Set<WorkerErrorCode>([
  "timeout",
  "crashed",
  "out-of-memory",
  "busy",
  "failed",
  "lossy",
  "input",
]);

function errorOf({ code, message }: WireError): Error {
  if (workerErrorCodes.has(code)) return new WorkerError(code as WorkerErrorCode, message);
  if (code === "internal") return Object.assign(new Error(`the server failed: ${message}`), { code });
  return new SynclineError(code as SynclineErrorCode, message);
}
