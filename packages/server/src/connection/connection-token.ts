/**
 * The token of a syncline connection: for all its documents that were opened without one of their own. Before it runs out
 * the client is asked for a fresh one. Knows neither the documents nor what the token says.
 */
export interface ConnectionTokenOptions {
  /** Asks the client for a fresh token. */
  readonly ask: (expiresInMs: number) => void;
  /** Authorizes again whatever was opened with an older one. */
  readonly renew: () => Promise<void>;
}

export class ConnectionToken {
  readonly #options: ConnectionTokenOptions;
  #value = "";
  #isAsked = false;
  #isRenewing = false;

  constructor(options: ConnectionTokenOptions) {
    this.#options = options;
  }

  get value(): string {
    return this.#value;
  }

  /** The one that came with the hello. */
  set(token: string): void {
    this.#value = token;
  }

  /** What was granted by it ends in `expiresInMs`. One question, for all documents, until the client answers. */
  ask(expiresInMs: number): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    this.#options.ask(expiresInMs);
  }

  /** The client sent a fresh one. */
  async replace(token: string): Promise<void> {
    this.#value = token;
    this.#isAsked = false;
    if (this.#isRenewing) return;
    // One round at a time, and only the last of those that came meanwhile: each may cost a question to another system.
    this.#isRenewing = true;
    let renewedWith: string;
    do {
      renewedWith = this.#value;
      await this.#options.renew();
    } while (renewedWith !== this.#value);
    this.#isRenewing = false;
  }
}
