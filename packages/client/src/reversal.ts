/** Putting the server's content in the place of the document's: asked for, fetched as soon as that is possible, done. */
import { DocumentSession } from "./document-session.js";
import type { DocumentChannel, SessionOptions } from "./session-options.js";
import type { SynclineError } from "./error.js";
import type { PendingLedger } from "./pending.js";
import type * as RevertCode from "./revert.js";

interface Request {
  /** Loaded when it is needed. */
  readonly code: typeof RevertCode;
  readonly settled: Promise<void>;
  readonly resolve: () => void;
  readonly reject: (error: SynclineError) => void;
}

/** Puts it there. */
export type Replace = (code: typeof RevertCode, fetched: RevertCode.Fetched) => void;

const nothing: RevertCode.Fetched = { content: undefined, position: { generation: "", seq: 0 } };

export class Reversal {
  readonly #replace: Replace;
  #request: Request | undefined;

  constructor(replace: Replace) {
    this.#replace = replace;
  }

  get isAsked(): boolean {
    return this.#request !== undefined;
  }

  /** Who asks twice waits for the same. */
  ask(code: typeof RevertCode): Promise<void> {
    if (this.#request) return this.#request.settled;
    let settle = {} as Pick<Request, "resolve" | "reject">;
    const settled = new Promise<void>((resolve, reject) => (settle = { resolve, reject }));
    this.#request = { code, settled, ...settle };
    return settled;
  }

  /** Opens the document once more, apart, for what the server has. `onDone` is called when it is in the document. */
  fetch(channel: DocumentChannel, options: SessionOptions, ledger: PendingLedger, onDone: () => void): DocumentSession {
    const { code } = this.#request as Request;
    const session = code.fetchContent(DocumentSession, options, ledger, (fetched) => {
      this.#finish(fetched);
      onDone();
    });
    session.join(channel);
    return session;
  }

  /** The server has no such document any more. */
  becomeEmpty(): void {
    this.#finish(nothing);
  }

  giveUp(error: SynclineError): void {
    const request = this.#request;
    this.#request = undefined;
    request?.reject(error);
  }

  #finish(fetched: RevertCode.Fetched): void {
    const request = this.#request;
    if (!request) return;
    this.#request = undefined;
    this.#replace(request.code, fetched);
    request.resolve();
  }
}
