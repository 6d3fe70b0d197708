/**
 * Reads one client no faster than was agreed upon: what is above that waits on the client's side until the rate allows it.
 * Nothing is refused, nothing is lost. What it owes stays when it leaves a document, and when it comes by another socket.
 */
import type { Refusals } from "../refusals.js";
import type { Timers } from "../timers.js";
import type { Agreement, AgreedRates } from "./agreed-rates.js";
import type { Grant } from "./authorize.js";
import type { Transport } from "./transport.js";

/** Timers count 24 days at most. */
const longestWaitMs = 60 * 60_000;

export interface PaceServices {
  readonly timers: Timers;
  readonly agreedRates: AgreedRates;
  readonly refusals: Pick<Refusals, "note">;
}

export class PacedReading {
  readonly #transport: Pick<Transport, "holdReading" | "peer">;
  readonly #services: PaceServices;
  /** What has to be paid for before reading goes on, each key once. */
  #owed: readonly Agreement[] = [];
  #endHold: (() => void) | undefined;
  #isEnded = false;

  constructor(transport: Pick<Transport, "holdReading" | "peer">, services: PaceServices) {
    this.#transport = transport;
    this.#services = services;
  }

  /** The client was granted that. It is not read before it has paid for what it sent earlier. `undefined`: nothing was agreed. */
  agree(grant: Pick<Grant, "rates" | "tokenId" | "standing">, documentName: string): Agreement | undefined {
    const agreement = this.#services.agreedRates.agreementOf(grant, this.#transport.peer);
    if (agreement) this.#waitFor(agreement, documentName);
    return agreement;
  }

  /** An update has come. It is taken whatever the rate; the next waits until it is paid for. */
  received(agreement: Agreement | undefined, byteCount: number, documentName: string): void {
    if (!agreement) return;
    this.#services.agreedRates.take(agreement, byteCount);
    this.#waitFor(agreement, documentName);
  }

  /** The transport is gone. */
  end(): void {
    this.#isEnded = true;
    this.#owed = [];
    this.#endHold?.();
  }

  #waitFor(agreement: Agreement, documentName: string): void {
    if (this.#isEnded || this.#services.agreedRates.owedMs(agreement) === 0) return;
    if (this.#owed.length === 0) {
      this.#services.refusals.note("rate", "edits come faster than agreed; they are read later", { documentName });
    }
    if (!this.#owed.some(({ key }) => key === agreement.key)) this.#owed = [...this.#owed, agreement];
    if (this.#endHold === undefined) this.#hold();
  }

  #hold(): void {
    const readOn = this.#transport.holdReading();
    let cancel: () => void = () => undefined;
    const wait = () => {
      const owedMs = this.#owedMs();
      if (owedMs === 0) return this.#endHold?.();
      cancel = this.#services.timers.after(Math.min(owedMs, longestWaitMs), wait);
    };
    this.#endHold = () => {
      this.#endHold = undefined;
      cancel();
      readOn();
    };
    wait();
  }

  /** How long until all is paid for; what is, is forgotten. */
  #owedMs(): number {
    const { agreedRates } = this.#services;
    this.#owed = this.#owed.filter((agreement) => agreedRates.owedMs(agreement) > 0);
    return Math.max(0, ...this.#owed.map((agreement) => agreedRates.owedMs(agreement)));
  }
}
