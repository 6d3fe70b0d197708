/**
 * What a room keeps of one member for its presence: the ids it has announced, what of it has to wait, and whether it may be
 * repeating others.
 */
import type { AwarenessEntryBytes } from "@syncline/protocol";
import { TokenBucket } from "../token-bucket.js";
import type { Member } from "./member.js";

/** The state of one Yjs client id, which some member has announced. */
export interface Announced {
  readonly clientId: number;
  /** Of the member that it was first announced by: the id belongs to it from then on. */
  subject: string | undefined;
  owner: Seat;
  /** As the others get it. `goneJson` when its owner does not want to be seen. */
  json: Uint8Array;
  /** The same with id and clock. */
  entry: Uint8Array;
  /** As the owner counts. */
  ownClock: number;
  /** As the room counts. */
  clock: number;
  saidAtMs: number;
  /** Who would have the id next: the last that asked for it. */
  claimant: Seat | undefined;
}

/** A state of an id that its member cannot have yet. */
interface Claim {
  readonly entry: AwarenessEntryBytes;
  /** When to look again; `Infinity`: when whoever has the id goes. */
  readonly dueMs: number;
  /** What stands in its way. `undefined`: only what the member has announced itself. */
  readonly contested: Announced | undefined;
}

export const goneJson = new TextEncoder().encode("null");

/** How often a member may go on under another id. */
const idChangeMs = 30_000;
/** Clients announce themselves anew every 15 s. One that has not done so for an id has another one now. */
const silenceMs = 20_000;

export class Seat {
  readonly member: Member;
  readonly announced = new Set<Announced>();
  /** An id that another socket of the same subject has taken over. */
  lostId: number | undefined;
  changedIdAtMs = Number.NEGATIVE_INFINITY;
  readonly #bucket: TokenBucket;
  /** What came faster than it may, the newest of each id; ids in the order in which they came. */
  readonly #held = new Map<number, AwarenessEntryBytes>();
  #claim: Claim | undefined;
  #firstId: number | undefined;
  #hasSpokenOfSeveral = false;

  constructor(member: Member, messagesPerSecond: number, nowMs: number) {
    this.member = member;
    this.#bucket = new TokenBucket(messagesPerSecond, messagesPerSecond, nowMs);
  }

  get subject(): string | undefined {
    return this.member.standing.subject;
  }

  /**
   * Whether what it says of an id that is not its own may be what it has heard: stock clients repeat everything, also what other
   * tabs told them. Those which name their id when they open a document speak for themselves only.
   */
  get mayRepeat(): boolean {
    return this.#hasSpokenOfSeveral && !this.#hasNamedItself;
  }

  /** Whether the room's clock for one of its ids is above its own: it would take its own state for a newer one then. */
  get countsBehind(): boolean {
    for (const { clock, ownClock } of this.announced) if (clock > ownClock) return true;
    return false;
  }

  get claim(): Claim | undefined {
    return this.#claim;
  }

  speaksOf(clientId: number): void {
    this.#firstId ??= clientId;
    if (clientId !== this.#firstId) this.#hasSpokenOfSeveral = true;
  }

  /** From when on it may go on as somebody else than `former`. */
  mayChangeIdAt({ json, saidAtMs }: Announced): number {
    const isSure = this.#hasNamedItself || json === goneJson;
    return Math.max(this.changedIdAtMs + idChangeMs, isSure ? 0 : saidAtMs + silenceMs);
  }

  /** Whether it may have something passed on now; then it has had its turn. What is held comes first. */
  takeTurn(nowMs: number): boolean {
    this.#bucket.refill(nowMs);
    if (!this.#bucket.has(1)) return false;
    this.#bucket.take(1);
    return true;
  }

  get isHolding(): boolean {
    return this.#held.size > 0;
  }

  /** Keeps what is newest until its turn. @param maxCount of ids; more push out the first */
  hold(entry: AwarenessEntryBytes, maxCount: number): void {
    const { clientId } = entry;
    const held = this.#held.get(clientId);
    if (held && !isNewer(entry, held.clock, held.state)) return;
    this.#held.set(clientId, copied(entry));
    if (this.#held.size <= maxCount) return;
    const [first] = this.#held.keys();
    if (first !== undefined) this.#held.delete(first);
  }

  takeHeld(): readonly AwarenessEntryBytes[] {
    const held = [...this.#held.values()];
    this.#held.clear();
    return held;
  }

  /** Asks for an id that it cannot have yet. It asks for one at a time, and is the only one who asks for that. */
  makeClaim(entry: AwarenessEntryBytes, dueMs: number, contested?: Announced): void {
    this.dropClaim();
    contested?.claimant?.dropClaim();
    this.#claim = { entry: copied(entry), dueMs, contested };
    if (contested) contested.claimant = this;
  }

  /** Whether it has asked for just this already. */
  hasClaimed({ clientId, clock }: AwarenessEntryBytes): boolean {
    const claimed = this.#claim?.entry;
    return claimed?.clientId === clientId && clock <= claimed.clock;
  }

  dropClaim(): Claim | undefined {
    const claim = this.#claim;
    if (claim?.contested) claim.contested.claimant = undefined;
    this.#claim = undefined;
    return claim;
  }

  /** When to look again at what waits here. */
  dueMs(nowMs: number): number {
    this.#bucket.refill(nowMs);
    const turnMs = this.isHolding ? nowMs + this.#bucket.msUntil(1) : Infinity;
    return Math.min(turnMs, this.#claim?.dueMs ?? Infinity);
  }

  get #hasNamedItself(): boolean {
    return this.member.clientId !== 0;
  }
}

/** A client may say that it is gone without counting on. */
export function isNewer({ clock, state }: AwarenessEntryBytes, knownClock: number, known: Uint8Array): boolean {
  return clock > knownClock || (clock === knownClock && isGone(state) && !isGone(known));
}

export function isGone(json: Uint8Array): boolean {
  return isSame(json, goneJson);
}

export function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}

/** What came from a socket is a view into a much larger buffer. */
function copied({ clientId, clock, state }: AwarenessEntryBytes): AwarenessEntryBytes {
  return { clientId, clock, state: state.slice() };
}
