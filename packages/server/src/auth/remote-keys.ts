/**
 * A key set that somebody else publishes: fetched when it is first needed and when it is old, and again, once in a while, when a
 * token names a key that it does not have.
 */
import { createRemoteJWKSet, customFetch, type FetchImplementation, type RemoteJWKSet } from "jose";
import { messageOf, SynclineError } from "../error.js";
import { isLoopback } from "../exposure.js";
import {
  keysInSet,
  keysThatFit,
  publicAlgorithms,
  type Algorithm,
  type KeySource,
  type TokenHeader,
  type VerificationKey,
} from "./verification-key.js";

export interface RemoteKeysOptions {
  readonly url: string | URL;
  /** @default whatever the keys say that they are for */
  readonly algorithms?: readonly Algorithm[] | undefined;
  /** How long a fetched set is used. @default 600,000 */
  readonly cacheMaxAgeMs?: number | undefined;
  /** After a fetch, how long a token with an unknown key does not lead to another. @default 30,000 */
  readonly cooldownMs?: number | undefined;
  /** Milliseconds, monotonic. @default performance.now */
  readonly now?: (() => number) | undefined;
}

const fetchTimeoutMs = 5_000;
const maxSetBytes = 1024 * 1024;

/** After a failure nobody is asked for so long: whoever has trouble does not need every client's question. */
const failurePauseMs = 1_000;

export class RemoteKeys implements KeySource {
  readonly algorithms: readonly Algorithm[];
  readonly #allowed: readonly Algorithm[] | undefined;
  readonly #remote: RemoteJWKSet;
  readonly #now: () => number;
  readonly #host: string;
  /** Of the set that was fetched last. */
  #keys: readonly VerificationKey[] = [];
  #failure: { readonly atMs: number; readonly message: string } | undefined;

  /** @throws {SynclineError} `invalid-option` for a URL that others could answer in the place of its host */
  constructor(options: RemoteKeysOptions) {
    const url = checkedUrl(options.url);
    this.#allowed = options.algorithms;
    this.algorithms = publicAlgorithms.filter((name) => this.#allowed?.includes(name) ?? true);
    this.#now = options.now ?? (() => performance.now());
    this.#host = url.host;
    this.#remote = createRemoteJWKSet(url, {
      timeoutDuration: fetchTimeoutMs,
      cacheMaxAge: options.cacheMaxAgeMs ?? 600_000,
      cooldownDuration: options.cooldownMs ?? 30_000,
      [customFetch]: fetchAtMost,
    });
  }

  async keysFor(header: TokenHeader): Promise<readonly VerificationKey[]> {
    if (!this.#remote.fresh) await this.#reload();
    const found = keysThatFit(this.#keys, header);
    if (found.length > 0 || this.#remote.coolingDown) return found;
    await this.#reload();
    return keysThatFit(this.#keys, header);
  }

  async #reload(): Promise<void> {
    const failure = this.#failure;
    if (failure && this.#now() - failure.atMs < failurePauseMs) throw new Error(failure.message);
    try {
      await this.#remote.reload();
      this.#keys = keysInSet(this.#remote.jwks(), this.#allowed);
      this.#failure = undefined;
    } catch (cause) {
      const message = `the keys of ${this.#host} could not be fetched: ${messageOf(cause)}`;
      this.#failure = { atMs: this.#now(), message };
      throw new Error(message, { cause });
    }
  }
}

function checkedUrl(given: string | URL): URL {
  const url = URL.canParse(String(given)) ? new URL(given) : undefined;
  const isOwnMachine = url?.protocol === "http:" && isLoopback(url.hostname.replace(/^\[(.*)\]$/, "$1"));
  if (url && (url.protocol === "https:" || isOwnMachine)) return url;
  const message = "the address of a key set is an https:// URL (http:// on this machine only)";
  throw new SynclineError("invalid-option", message);
}

/** A set that has no end must not fill the memory. */
const fetchAtMost: FetchImplementation = async (url, options) => {
  const response = await fetch(url, options);
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let byteCount = 0;
  for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array<ArrayBuffer>>) {
    byteCount += chunk.length;
    if (byteCount > maxSetBytes) throw new Error(`the key set is larger than ${maxSetBytes} bytes`);
    chunks.push(chunk);
  }
  return new Response(response.status === 200 ? new Blob(chunks) : null, { status: response.status });
};
