/**
 * Who is in a room and where their cursors are: the latest awareness state per Yjs client id, passed on in windows. Who may
 * have which id is decided here. Never stored. Knows nothing of documents.
 *
 * The clocks told to members are the room's own: they follow the owners' clocks, but also grow when somebody who left
 * comes back with the clock it left with. y-protocols would ignore that state until the next change (awareness.js,
 * `applyAwarenessUpdate`: only a higher clock wins).
 */
import { isUtf8 } from "node:buffer";
import {
  decodeAwarenessBytes,
  joinAwarenessEntries,
  ProtocolError,
  type AwarenessEntryBytes as Entry,
} from "@syncline/protocol";
import type { Timers } from "../timers.js";
import type { Member } from "./member.js";
import { goneJson, isGone, isNewer, isSame, Seat, type Announced } from "./presence-seat.js";
import { readState, tooLarge } from "./presence-state.js";
import {
  clockTooHigh,
  maxClock,
  PresenceTable,
  type Departed,
  type PresenceBounds,
  type Saying,
} from "./presence-table.js";
import { PresenceWaiting } from "./presence-waiting.js";
import { PresenceWindow, type RelayPresence } from "./presence-window.js";

export interface PresenceLimits extends PresenceBounds {
  /** Changes of this window are passed on together. */
  readonly presenceWindowMs: number;
  /** Bytes of one client's state, as it says it. A larger one is ignored. */
  readonly maxPresenceStateBytes: number;
  readonly maxPresenceIdsPerMember: number;
  /** What is above that is passed on later, the newest of it. */
  readonly presencePerSecond: number;
}

export interface PresenceOptions {
  readonly timers: Timers;
  readonly limits: PresenceLimits;
  readonly relay: RelayPresence;
  /** False when it is known that the id is somebody else's. */
  readonly mayUse: (clientId: number, member: Member) => boolean;
  /** `member` is seen under the id from now on. */
  readonly use?: (clientId: number, member: Member) => void;
  /** Something was not taken, and is not just an echo of what everybody knows. */
  readonly refused: (reason: string) => void;
}

export class Presence {
  readonly #options: PresenceOptions;
  readonly #table: PresenceTable;
  readonly #window: PresenceWindow;
  readonly #waiting: PresenceWaiting;
  readonly #seats = new Map<Member, Seat>();

  constructor(options: PresenceOptions) {
    const { timers, limits, relay } = options;
    this.#options = options;
    this.#table = new PresenceTable(limits);
    this.#window = new PresenceWindow(timers, limits.presenceWindowMs, relay);
    this.#waiting = new PresenceWaiting(timers, (seat) => this.#serve(seat));
  }

  /** How many ids it remembers. */
  get size(): number {
    return this.#table.size;
  }

  /**
   * Takes in what `member` says. What it says of ids that are another's is dropped: stock clients repeat what they hear.
   *
   * @throws {ProtocolError} `malformed-message`
   */
  announce(member: Member, update: Uint8Array): void {
    // More than there can be in a room and have just left it, nobody has heard of.
    const entries = decodeAwarenessBytes(update, 2 * this.#options.limits.maxPresenceStatesPerRoom);
    if (!entries.every(({ state }) => isUtf8(state))) {
      throw new ProtocolError("malformed-message", "presence that is not valid UTF-8");
    }
    if (entries.length === 0) return;
    const seat = this.#seatOf(member);
    const news = entries.filter((entry) => this.#isNews(seat, entry));
    if (news.length === 0) return;
    this.#table.forget(this.#nowMs);
    if (!seat.isHolding && seat.takeTurn(this.#nowMs)) for (const entry of news) this.#take(seat, entry);
    else for (const entry of news) seat.hold(entry, this.#maxIds + 1);
    this.#waiting.set(seat, seat.dueMs(this.#nowMs));
  }

  /** Announces that `member`'s states are gone. */
  leave(member: Member): void {
    const seat = this.#seats.get(member);
    if (!seat) return;
    this.#seats.delete(member);
    this.#waiting.set(seat, Infinity);
    seat.dropClaim();
    for (const announced of [...seat.announced]) this.#end(announced, undefined);
  }

  /** Everybody's state but `member`'s own, as an awareness update; `undefined` when there is none. */
  snapshotFor(member: Member): Uint8Array | undefined {
    const entries: Uint8Array[] = [];
    for (const { owner, clientId, json, entry, clock, ownClock } of this.#table.all()) {
      // What it said itself on a socket that is not given up yet, it must not take for something newer.
      const isOwn = owner.member === member || (clientId === member.clientId && clock > ownClock);
      if (!isOwn && json !== goneJson) entries.push(entry);
    }
    return entries.length > 0 ? joinAwarenessEntries(entries) : undefined;
  }

  close(): void {
    this.#window.close();
    this.#waiting.close();
  }

  /** Whether there is something to do about it. Most of what stock clients send is an echo, and costs no more than this. */
  #isNews(seat: Seat, entry: Entry): boolean {
    seat.speaksOf(entry.clientId);
    const known = this.#table.get(entry.clientId);
    if (!this.#concerns(seat, known, entry)) {
      this.#noteForgery(known ?? this.#table.departed(entry.clientId), entry);
      return false;
    }
    const { maxPresenceStateBytes } = this.#options.limits;
    if (entry.clock < maxClock && entry.state.length <= maxPresenceStateBytes) return true;
    this.#options.refused(entry.clock < maxClock ? tooLarge(maxPresenceStateBytes) : clockTooHigh);
    return false;
  }

  #concerns(seat: Seat, known: Announced | undefined, entry: Entry): boolean {
    if (known?.owner === seat) return isNewer(entry, known.ownClock, known.json);
    if (seat.hasClaimed(entry)) return false;
    return known ? this.#mayGet(seat, known, entry) : this.#mayBegin(seat, entry);
  }

  /** Counts what no client can have heard. */
  #noteForgery(known: Announced | Departed | undefined, { clock, state }: Entry): void {
    if (!known || clock <= known.clock || isSame(state, "json" in known ? known.json : goneJson)) return;
    this.#options.refused("presence of a client id that is another's");
  }

  #take(seat: Seat, entry: Entry): void {
    const known = this.#table.get(entry.clientId);
    if (known?.owner === seat) return this.#change(known, entry);
    if (known) return this.#mayGet(seat, known, entry) ? this.#contest(seat, known, entry) : undefined;
    const json = this.#read(seat, entry);
    if (json === goneJson || !json || !this.#mayBegin(seat, entry) || !this.#makeRoom(seat, entry)) return;
    const announced = this.#table.add(seat, this.#saying(entry, json));
    if (typeof announced === "string") return this.#options.refused(announced);
    if (this.#isFull(seat)) seat.dropClaim();
    this.#options.use?.(entry.clientId, seat.member);
    this.#window.add(entry.clientId, announced.entry, seat);
  }

  #change(announced: Announced, entry: Entry): void {
    const { owner, clientId, ownClock, json: former } = announced;
    if (!isNewer(entry, ownClock, former)) return;
    const json = this.#read(owner, entry);
    if (!json) return;
    const changed = this.#table.change(announced, this.#saying(entry, json));
    if (typeof changed === "string") return this.#options.refused(changed);
    this.#window.add(clientId, announced.entry, owner);
    this.#reconsiderClaim(owner, json === goneJson);
  }

  /** Who goes on saying what it was has not become somebody else: it repeated another tab. Who takes leave may have. */
  #reconsiderClaim(seat: Seat, hasTakenLeave: boolean): void {
    if (!seat.claim || seat.claim.contested) return;
    const claim = seat.dropClaim();
    if (claim && hasTakenLeave) this.#take(seat, claim.entry);
  }

  /** Whether `seat` may have the id of `known`, or have it next, and this is not just what it has heard of it. */
  #mayGet(seat: Seat, known: Announced, entry: Entry): boolean {
    if (this.#isFull(seat) || isGone(entry.state) || !this.#options.mayUse(entry.clientId, seat.member)) return false;
    if (known.subject !== undefined && !this.#yields(known, seat)) return false;
    if (entry.clock > known.clock) return true;
    return entry.clock >= known.ownClock && !seat.mayRepeat && seat.lostId !== entry.clientId;
  }

  /** Whether `seat` may have an id that nobody has, and this is not just what it has heard of who left. */
  #mayBegin(seat: Seat, entry: Entry): boolean {
    if (isGone(entry.state) || !this.#options.mayUse(entry.clientId, seat.member)) return false;
    const departed = this.#table.departed(entry.clientId);
    return !departed || mayFollow(seat, departed, entry);
  }

  /** The same person on another socket has it at once, because the old one may be dead; and so has whose it is. */
  #yields({ clientId, subject, owner }: Announced, seat: Seat): boolean {
    return (subject !== undefined && subject === seat.subject) || !this.#options.mayUse(clientId, owner.member);
  }

  #contest(seat: Seat, known: Announced, entry: Entry): void {
    // Nobody knows who they are: it has it when the other goes.
    if (!this.#yields(known, seat)) return seat.makeClaim(entry, Infinity, known);
    const former = known.owner;
    former.announced.delete(known);
    former.lostId = known.clientId;
    known.owner = seat;
    known.subject = seat.subject;
    seat.announced.add(known);
    if (this.#isFull(seat)) seat.dropClaim();
    this.#options.use?.(known.clientId, seat.member);
    this.#change(known, entry);
  }

  /** Whether `seat` may have one id more, giving up another if need be. It comes back to it when that is a matter of time. */
  #makeRoom(seat: Seat, entry: Entry): boolean {
    if (!this.#isFull(seat)) return true;
    const former = [...seat.announced].find(({ json }) => json === goneJson) ?? [...seat.announced][0];
    if (!former) return false;
    const isBridge = this.#maxIds > 1;
    if (isBridge && former.json !== goneJson) {
      this.#options.refused(`more than ${this.#maxIds} client ids of one client`);
      return false;
    }
    const dueMs = isBridge ? 0 : seat.mayChangeIdAt(former);
    if (dueMs > this.#nowMs) {
      seat.makeClaim(entry, dueMs);
      return false;
    }
    seat.changedIdAtMs = this.#nowMs;
    this.#end(former, seat);
    return true;
  }

  #end(announced: Announced, author: Seat | undefined): void {
    const { clientId, claimant, json } = announced;
    const gone = this.#table.remove(announced, this.#nowMs);
    if (json !== goneJson) this.#window.add(clientId, gone, author);
    const claim = claimant?.dropClaim();
    // In the same window: nobody sees it go.
    if (claimant && claim) this.#take(claimant, claim.entry);
  }

  /** What of `seat` waits has its turn. */
  #serve(seat: Seat): void {
    if (seat.isHolding && seat.takeTurn(this.#nowMs)) {
      for (const entry of seat.takeHeld()) this.#take(seat, entry);
    }
    if (seat.claim && seat.claim.dueMs <= this.#nowMs) {
      const claim = seat.dropClaim();
      if (claim) this.#take(seat, claim.entry);
    }
    this.#waiting.set(seat, seat.dueMs(this.#nowMs));
  }

  /** Named one by one: an object that another is spread into has a hidden class of its own, made anew each time. */
  #saying({ clientId, clock }: Entry, json: Uint8Array): Saying {
    return { clientId, clock, json, nowMs: this.#nowMs };
  }

  /** `goneJson` itself for somebody gone; `undefined` when it cannot be passed on. */
  #read(seat: Seat, { state }: Entry): Uint8Array | undefined {
    const { user } = seat.member.standing;
    const reading = readState(state, { maxBytes: this.#options.limits.maxPresenceStateBytes, user });
    if (reading.kind === "gone") return goneJson;
    if (reading.kind === "state") return reading.json;
    this.#options.refused(reading.reason);
    return undefined;
  }

  #isFull(seat: Seat): boolean {
    return seat.announced.size >= this.#maxIds;
  }

  #seatOf(member: Member): Seat {
    let seat = this.#seats.get(member);
    if (!seat) {
      seat = new Seat(member, this.#options.limits.presencePerSecond, this.#nowMs);
      this.#seats.set(member, seat);
    }
    return seat;
  }

  get #maxIds(): number {
    return this.#options.limits.maxPresenceIdsPerMember;
  }

  get #nowMs(): number {
    return this.#options.timers.now();
  }
}

/** An echo has a clock at which the one who left was seen, at most: one less than that of its going. */
function mayFollow(seat: Seat, { clock, subject }: Departed, entry: Entry): boolean {
  if (subject !== undefined && subject !== seat.subject) return false;
  return entry.clock >= clock || !seat.mayRepeat;
}
