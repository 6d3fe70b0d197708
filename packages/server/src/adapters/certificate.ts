/**
 * The certificate that the server shows, from two files that somebody else renews: read again when they change. A pair that
 * cannot be used is told to the log, and the one before stays.
 */
import { readFile, stat } from "node:fs/promises";
import { type SecureContextOptions, type Server, createSecureContext, type TlsOptions } from "node:tls";
import { messageOf, SynclineError } from "../error.js";
import type { Logger } from "../logger.js";
import type { Timers } from "../timers.js";

/** Paths of PEM files. */
export interface CertificateFiles {
  /** The certificate and those between it and the authority, in this order. */
  readonly cert: string;
  readonly key: string;
}

export interface CertificateOptions {
  readonly files: CertificateFiles;
  readonly timers: Timers;
  readonly logger: Logger;
}

/** What is never spoken again: TLS 1.0 and 1.1. */
const minVersion = "TLSv1.2";

/** A handshake that is not done by then is cut off. */
const handshakeTimeoutMs = 10_000;

/** Watching the files would miss how they are renewed: by links to other files, in directories that are swapped. */
const lookEveryMs = 10_000;

interface Pair {
  readonly cert: Uint8Array;
  readonly key: Uint8Array;
  /** Changes with the files. */
  readonly mark: string;
}

export class Certificate {
  readonly #options: CertificateOptions;
  #pair: Pair;
  #server: Server | undefined;
  /** The files as they were when they could not be used: that is said once. */
  #refusedMark = "";
  #cancelLook: (() => void) | undefined;

  private constructor(options: CertificateOptions, pair: Pair) {
    this.#options = options;
    this.#pair = pair;
  }

  /** @throws {SynclineError} `invalid-option` when the files cannot be used */
  static async load(options: CertificateOptions): Promise<Certificate> {
    try {
      return new Certificate(options, await readPair(options.files));
    } catch (cause) {
      const message = `the certificate cannot be used: ${messageOf(cause)}; look at --tls-cert and --tls-key (option tls)`;
      throw new SynclineError("invalid-option", message, { cause });
    }
  }

  /** For `createServer` of node:https. */
  get options(): TlsOptions {
    return { ...contextOptions(this.#pair), handshakeTimeout: handshakeTimeoutMs };
  }

  /** Keeps `server` supplied with the files as they are. */
  serve(server: Server): void {
    this.#server = server;
    this.#lookLater();
  }

  close(): void {
    this.#cancelLook?.();
    this.#server = undefined;
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.timers.after(lookEveryMs, () => void this.#look());
  }

  async #look(): Promise<void> {
    const { files, logger } = this.#options;
    const mark = await markOf(files);
    if (mark !== this.#pair.mark && mark !== this.#refusedMark) {
      try {
        this.#pair = await readPair(files);
        this.#server?.setSecureContext(contextOptions(this.#pair));
        logger.info({ ...files }, "the certificate has changed, and is used from now on");
      } catch (thrown) {
        this.#refusedMark = mark;
        logger.error(
          { ...files, error: messageOf(thrown) },
          "the changed certificate cannot be used; the one before stays",
        );
      }
    }
    if (this.#server) this.#lookLater();
  }
}

function contextOptions({ cert, key }: Pair): SecureContextOptions {
  return { cert: Buffer.from(cert), key: Buffer.from(key), minVersion };
}

/** @throws when a file cannot be read, or the two are no certificate and its key */
async function readPair(files: CertificateFiles): Promise<Pair> {
  // Before they are read: what is changed meanwhile is seen the next time.
  const mark = await markOf(files);
  const [cert, key] = await Promise.all([readFile(files.cert), readFile(files.key)]);
  const pair = { cert, key, mark };
  createSecureContext(contextOptions(pair));
  return pair;
}

async function markOf({ cert, key }: CertificateFiles): Promise<string> {
  const marks = await Promise.all([cert, key].map(markOfFile));
  return marks.join(" ");
}

/** A file that is not there has a mark, too: it is a change. */
async function markOfFile(path: string): Promise<string> {
  try {
    const { ino, size, mtimeMs } = await stat(path);
    return `${ino}/${size}/${mtimeMs}`;
  } catch {
    return "missing";
  }
}
