/** What both ends of the control endpoint must agree on: how updates are sent, and how errors are. */
import { checkDocumentName, checkStoredDocumentName, ProtocolError } from "@syncline/protocol";
import * as encoding from "lib0/encoding";
import { messageOf, SynclineError } from "../error.js";
import { isDamage } from "../room/damage.js";
import { WorkerError } from "../worker/error.js";

/** A failure as JSON. In a stream of lines it is the last one, under `error`. */
export interface WireError {
  /** Of a SynclineError or WorkerError; `internal` for anything else. */
  readonly code: string;
  readonly message: string;
}

export function wireError(thrown: unknown): WireError {
  const hasCode = thrown instanceof SynclineError || thrown instanceof WorkerError;
  const code = hasCode ? thrown.code : codeOf(thrown);
  return { code, message: messageOf(thrown) };
}

function codeOf(thrown: unknown): string {
  if (thrown instanceof ProtocolError) return "invalid-option";
  return isDamage(thrown) ? "data-corrupt" : "internal";
}

/** The name of a document that is stored. @throws {SynclineError} `invalid-option` */
export function checkedName(name: string): string {
  return namedBy(checkStoredDocumentName, name);
}

/** The name of a document that is to be made. @throws {SynclineError} `invalid-option` */
export function checkedNewName(name: string): string {
  return namedBy(checkDocumentName, name);
}

function namedBy(check: (name: string) => string, name: string): string {
  try {
    return check(name);
  } catch (thrown) {
    if (!(thrown instanceof ProtocolError)) throw thrown;
    throw new SynclineError("invalid-option", `${JSON.stringify(name)} cannot be a document: ${thrown.message}`);
  }
}

/** Each update behind its length as a varint. */
export function* encodeUpdates(updates: readonly Uint8Array[]): Generator<Uint8Array> {
  for (const update of updates) {
    const length = encoding.createEncoder();
    encoding.writeVarUint(length, update.length);
    yield encoding.toUint8Array(length);
    yield update;
  }
}

/**
 * The updates in a body, which is not kept besides them.
 *
 * @throws {SynclineError} `invalid-option` when it is cut off or holds more than `maxBytes`
 */
export async function decodeUpdates(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array[]> {
  const reader = new UpdatesReader(maxBytes);
  for await (const chunk of body) reader.read(chunk);
  return reader.finish();
}

class UpdatesReader {
  readonly #maxBytes: number;
  readonly #updates: Uint8Array[] = [];
  /** The length being read, or the update being filled. */
  #state: { readonly kind: "length"; value: number; factor: number } | { readonly kind: "update"; filled: number } =
    lengthToCome();
  #byteCount = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  read(chunk: Uint8Array): void {
    for (let offset = 0; offset < chunk.length;) {
      offset += this.#state.kind === "length" ? this.#readLength(chunk[offset] ?? 0) : this.#fill(chunk, offset);
    }
  }

  finish(): Uint8Array[] {
    if (this.#state.kind === "length" && this.#state.factor === 1) return this.#updates;
    throw new SynclineError("invalid-option", "the updates break off");
  }

  #readLength(byte: number): number {
    if (this.#state.kind !== "length") return 0;
    const { value, factor } = this.#state;
    const length = value + (byte & 0x7f) * factor;
    if (length + this.#byteCount > this.#maxBytes) {
      throw new SynclineError("invalid-option", `the updates are larger than ${this.#maxBytes} bytes`);
    }
    if (byte >= 0x80) this.#state = { kind: "length", value: length, factor: factor * 128 };
    else this.#begin(length);
    return 1;
  }

  #begin(length: number): void {
    this.#byteCount += length;
    this.#updates.push(new Uint8Array(length));
    this.#state = length === 0 ? lengthToCome() : { kind: "update", filled: 0 };
  }

  #fill(chunk: Uint8Array, offset: number): number {
    const update = this.#updates.at(-1);
    if (this.#state.kind !== "update" || update === undefined) return 0;
    const part = chunk.subarray(offset, offset + update.length - this.#state.filled);
    update.set(part, this.#state.filled);
    const filled = this.#state.filled + part.length;
    this.#state = filled === update.length ? lengthToCome() : { kind: "update", filled };
    return part.length;
  }
}

function lengthToCome() {
  return { kind: "length" as const, value: 0, factor: 1 };
}
