/**
 * What the server refused, and how often. Each kind is counted; the first of a kind is logged with its reason, and while more
 * of them come, once in a while how many: whoever is refused must not be able to fill the log.
 */
import type { Logger } from "./logger.js";
import type { Timers } from "./timers.js";

/** As `/metrics` names them. */
export const refusalKinds = [
  /** A page of a host that may not. */
  "origin",
  /** One address asks for, or holds, more than it may before it says who it is. */
  "address",
  /** The whole server's sockets, sessions or memory. */
  "capacity",
  /** Headers, URL, name, hello, frame, update, presence, event: larger than allowed. */
  "size",
  /** Bytes that were not understood, or came out of turn. */
  "protocol",
  /** A token that was not accepted, has expired, or was revoked. */
  "not-authenticated",
  /** A token that does not allow this document. */
  "forbidden",
  /** An update of who may only read. */
  "read-only",
  /** An update of a root type that its author may not write to. */
  "roots",
  /** An update with structs of a Yjs client id that is somebody else's. */
  "client-id",
  /** An update that no client which runs Yjs sends. */
  "update",
  /** Presence of an id that is somebody else's, or beyond its limits. */
  "presence",
  /** More events, presence or updates in a time than agreed. */
  "rate",
  /** Read, or answered, too slowly. */
  "slow",
  /** Too many mistakes: not let in for a while. */
  "strikes",
] as const;

export type RefusalKind = (typeof refusalKinds)[number];

/** How long after a logged one no other of its kind is logged. */
const quietMs = 10_000;

interface Tally {
  count: number;
  loggedAtMs: number;
  loggedCount: number;
}

export class Refusals {
  readonly #logger: Logger;
  readonly #timers: Pick<Timers, "now">;
  readonly #tallies = new Map<RefusalKind, Tally>();

  constructor(logger: Logger, timers: Pick<Timers, "now">) {
    this.#logger = logger;
    this.#timers = timers;
  }

  /** @param fields for the log; no tokens, and of the document no more than its name */
  note(kind: RefusalKind, reason: string, fields: Readonly<Record<string, unknown>> = {}): void {
    const tally = this.#tallyOf(kind);
    tally.count += 1;
    const nowMs = this.#timers.now();
    if (nowMs - tally.loggedAtMs < quietMs) return;
    const unlogged = tally.count - tally.loggedCount - 1;
    tally.loggedAtMs = nowMs;
    tally.loggedCount = tally.count;
    this.#logger.warn({ refusal: kind, reason, ...fields, ...(unlogged > 0 ? { unlogged } : {}) }, "refused");
  }

  countOf(kind: RefusalKind): number {
    return this.#tallies.get(kind)?.count ?? 0;
  }

  #tallyOf(kind: RefusalKind): Tally {
    let tally = this.#tallies.get(kind);
    if (!tally) this.#tallies.set(kind, (tally = { count: 0, loggedAtMs: Number.NEGATIVE_INFINITY, loggedCount: 0 }));
    return tally;
  }
}
