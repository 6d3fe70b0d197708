/**
 * A document being used, with its members. The spine: an update is admitted, appended, committed, relayed, acknowledged,
 * in this order, and this file is where one reads it. Knows neither dialects, nor sockets, nor what stores the log.
 */
import type { CloseCode } from "@syncline/protocol";
import type { Admission } from "../update/admission.js";
import type { Gap } from "../update/gate.js";
import type { StateVector } from "../update/state-vector.js";
import type { ApplicationEvent, Channel } from "./channel.js";
import { Compaction } from "./compaction.js";
import { isDamage } from "./damage.js";
import { Delivery } from "./delivery.js";
import { LogSource } from "./delivery-source.js";
import { Judging } from "./judging.js";
import { Log, type LogItem, ownBytes, type PlacedItem } from "./log.js";
import { Member, type Joining, type Submission } from "./member.js";
import { lostOnTheWay, noRoomFor, refuse, reject } from "./not-taken.js";
import { loadOwnership, type Ownership } from "./ownership.js";
import { Relay } from "./relay.js";
import { RelayAhead } from "./relay-ahead.js";
import { accessIn, type Ending, type RoomAccess, type RoomState, whyNotSaved } from "./room-state.js";
import { Resumption } from "./resumption.js";
import { RoomPresence } from "./room-presence.js";
import type { RoomServices } from "./services.js";
import type { Standing } from "./standing.js";
import type { TrialOutcome } from "./trial.js";

type NewUpdate = Extract<Admission, { kind: "new" }>;

export interface RoomOptions {
  readonly documentName: string;
  /** The server's number for the room. */
  readonly number: number;
  readonly services: RoomServices;
  /** Something of the document turned out to be unreadable, or such that it cannot be applied. */
  readonly onDamage: (room: Room, error: Error) => void;
}

export class Room {
  readonly documentName: string;
  /** The server's number for this room while it is loaded. */
  readonly number: number;
  readonly #services: RoomServices;
  readonly #onDamage: RoomOptions["onDamage"];
  readonly #log: Log;
  readonly #members = new Set<Member>();
  readonly #ownership: Ownership;
  readonly #relay: Relay;
  /** In immediate mode. */
  readonly #relayAhead: RelayAhead | undefined;
  readonly #presence: RoomPresence;
  readonly #compaction: Compaction;
  readonly #resumption: Resumption;
  readonly #deliverySource: LogSource;
  #madeJudging: Judging | undefined;
  #state: RoomState = { kind: "writable" };

  private constructor(log: Log, ownership: Ownership, { documentName, number, services, onDamage }: RoomOptions) {
    this.documentName = documentName;
    this.number = number;
    this.#log = log;
    this.#services = services;
    this.#onDamage = onDamage;
    this.#ownership = ownership;
    this.#relay = new Relay(number, this.#members, services.limits.maxUnsentBytes);
    this.#presence = new RoomPresence({ documentName, roomNumber: number, relay: this.#relay, ownership, services });
    this.#compaction = new Compaction(documentName, log, services, (error) => this.#damaged(error));
    if (this.#isImmediate) this.#relayAhead = new RelayAhead(this.#relay, services.timers, () => this.seq);
    this.#resumption = new Resumption(log.history, services.limits);
    this.#deliverySource = new LogSource({
      documentName,
      roomNumber: number,
      log,
      services,
      isReadOnly: () => this.#state.kind === "read-only",
      onUnreadable: (thrown) => {
        if (isDamage(thrown)) this.#damaged(thrown);
      },
    });
    log.listen({
      committed: (seq, items) => this.#committed(seq, items),
      commitDelayed: (items) => this.#commitDelayed(items),
      commitFailed: (error) => this.#becomeReadOnly(whyNotSaved(error)),
    });
  }

  /**
   * @throws {DocumentDeleted}
   * @throws what the store throws; the room then does not exist, and nobody was told anything of it.
   */
  static async load(options: RoomOptions): Promise<Room> {
    const { documentName, services } = options;
    const { storage, segmentCache, commitQueue, backlog, timers, newGeneration, limits } = services;
    // Named one by one: an object that is spread into another has a hidden class of its own, which takes half a kilobyte.
    const log = await Log.load({
      documentName,
      storage,
      segmentCache,
      tailCacheBytes: limits.tailCacheBytes,
      commitQueue,
      backlog,
      timers,
      newGeneration,
    });
    return new Room(log, await loadOwnership(documentName, log, services), options);
  }

  get generation(): string {
    return this.#log.generation;
  }

  /** The last record that is durable; 0 when nothing was ever written. */
  get seq(): number {
    return this.#log.history.seq;
  }

  /** Everything admitted, durable or not. */
  get stateVector(): StateVector {
    return this.#log.contents.stateVector;
  }

  /** Everything that was received is on disk or refused. */
  get isSettled(): boolean {
    return this.#log.isIdle && (this.#madeJudging?.isIdle ?? true);
  }

  /** Something of the document could not be used and was set aside. */
  get isDegraded(): boolean {
    return this.#log.isDegraded;
  }

  get access(): RoomAccess {
    return accessIn(this.#state);
  }

  /** `undefined` while the room is in use. */
  get ending(): Ending | undefined {
    return this.#state.kind === "ended" ? this.#state.ending : undefined;
  }

  get memberCount(): number {
    return this.#members.size;
  }

  /** As many have it open as may. */
  get isCrowded(): boolean {
    return this.#members.size >= this.#services.limits.maxMembersPerRoom;
  }

  get isCompacting(): boolean {
    return this.#compaction.isRunning;
  }

  /** Makes the client at `channel` a member. It is sent no content before `sync`. */
  join(channel: Channel, joining: Joining): Member {
    const becameLive = () => this.#presence.sendMissed(member);
    const member: Member = new Member(channel, new Delivery(channel, this.#deliverySource, becameLive), joining);
    this.#members.add(member);
    // That of another it may open the document with: it reads, and what it writes under it is refused.
    if (joining.clientId !== 0) this.#ownership.use(joining.clientId, member);
    return member;
  }

  /** From now on `member` is what `standing` says. */
  regard(member: Member, standing: Standing): void {
    member.standing = standing;
    this.#ownership.regard(member);
    this.#madeJudging?.forgive(member);
    if (!standing.mayAnnounce) this.#presence.leave(member);
  }

  leave(member: Member): void {
    if (!this.#members.delete(member)) return;
    member.end();
    this.#services.backlog.forget(member.channel);
    this.#madeJudging?.forget(member);
    // In this order: whom presence gives its id now has only waited for it, and does not own it while this name stands.
    this.#presence.leave(member);
    this.#ownership.leave(member);
  }

  /** Sends `member` what a client with `stateVector` lacks, and from then on every new update. */
  sync(member: Member, stateVector: StateVector): void {
    member.delivery.begin(stateVector);
  }

  /** Whether `resume` can begin at `seq`. */
  canResume(seq: number): boolean {
    return this.#resumption.isPossibleFrom(seq);
  }

  /** As `sync`, for a client that has everything up to the record `seq` and brings what of its own may not be here. */
  resume(member: Member, seq: number): void {
    member.delivery.resume(seq);
  }

  /** @throws {ProtocolError} `malformed-message` */
  announce(member: Member, awarenessUpdate: Uint8Array): void {
    if (this.#members.has(member)) this.#presence.announce(member, awarenessUpdate);
  }

  sendPresence(member: Member): void {
    this.#presence.sendTo(member);
  }

  /** Passes an application event on to the other members, as it is. */
  broadcast(author: Member, event: ApplicationEvent): void {
    if (this.#members.has(author)) this.#relay.event(author, event);
  }

  /**
   * An update from a client. Nothing is awaited between here and its place in the log: arrival order is what everybody
   * sees. From there the commit queue carries it to disk and calls `#committed`.
   */
  receive(member: Member, submission: Submission): void {
    if (!this.#members.has(member)) return;
    if (!member.submitted(submission.n)) return lostOnTheWay(member);
    const { roots } = member.standing;
    this.#take(member, roots ? { ...submission, roots } : submission);
    this.#judging.lookAtParked();
    this.#services.backlog.holdBack(member.channel);
  }

  /** Answers update `n` of a client that may not make it: it is counted, and nothing of it is taken. */
  decline(member: Member, n: number, { code, reason }: { readonly code: CloseCode; readonly reason: string }): void {
    if (!this.#members.has(member)) return;
    if (!member.submitted(n)) return lostOnTheWay(member);
    member.rejected(n);
    member.channel.reject(n, code, reason);
  }

  /** Everything that is durable, as updates in order. @throws {StaleSnapshot} */
  async *content(): AsyncIterable<Uint8Array> {
    const { history } = this.#log;
    const { coveredSeq } = history.pointer;
    yield* history.segments();
    for await (const record of history.recordsSince(coveredSeq)) yield* record.updates;
  }

  /** Before the room is let go: folds what came since the snapshot into a new one, if that is worth it. */
  async compact(): Promise<void> {
    while (this.#compaction.isWorthwhileAtRest) await this.#compaction.run();
  }

  /** Ends what still runs by itself. The members have left. */
  close(): void {
    this.#services.keptClaims.keep(this.documentName, this.#log.claimsToKeep);
    this.#presence.close();
    this.#madeJudging?.end();
  }

  /**
   * Takes nothing more. Resolves when everything admitted is on disk, or was refused once more and is dropped, and nothing of
   * this room is on its way to the store any more. Members are told by `dismiss`, when it is known what.
   */
  async stop(ending: Ending): Promise<void> {
    this.#state = { kind: "ended", ending };
    this.close();
    await Promise.all([this.#log.end(), this.#compaction.end()]);
  }

  /** Sends everybody away. */
  dismiss(ending: Ending): void {
    this.#state = { kind: "ended", ending };
    for (const member of [...this.#members]) {
      member.channel.leave(ending.code, ending.reason);
      this.leave(member);
    }
  }

  /** Each author's updates keep their order: they queue behind one that is being tried in a worker. */
  #take(member: Member, submission: Submission): void {
    if (member.waiting) member.waiting.push({ ...submission, update: submission.update.slice() });
    else this.#admit(member, submission);
  }

  #admit(member: Member, submission: Submission, hasStoodTrial = false): void {
    if (this.#state.kind === "ended") return;
    const verdict = this.#judging.rules.judge(member, submission, hasStoodTrial);
    const mayAppend = verdict.kind === "new" && !this.#services.backlog.isFull;
    // What stood the trial is applied in the worker's document, and something else, or nothing, will be appended.
    if (hasStoodTrial && !mayAppend) this.#judging.forgetTrials();
    switch (verdict.kind) {
      case "new":
        return mayAppend ? this.#append(member, submission, verdict) : noRoomFor(member);
      case "nothing-new":
        return this.#settle(member, submission);
      case "gap":
        return this.#park(member, submission, verdict.gap);
      case "large":
        return void this.#judging.scans.run(member, submission, this.#outcomeFor(member));
      case "heavy":
        return void this.#judging.trials.run(member, submission, this.#outcomeFor(member, true));
      case "unchecked":
        return this.#judging.partialWrites.check(member, verdict.submission, verdict.blocks, this.#outcomeFor(member));
      case "refused":
        return refuse(member, submission, verdict.error);
      case "declined":
      case "outgrown":
        // What was deleted meanwhile still counts until it is compacted away.
        if (verdict.kind === "outgrown") void this.#compaction.makeRoom();
        return reject(member, submission, verdict);
    }
  }

  #append(author: Member, { n }: Submission, { update, scanned }: NewUpdate): void {
    const item = { update: ownBytes(update), author, n };
    author.admitted(n);
    this.#ownership.wrote(scanned, this.#members.has(author) ? author : undefined);
    this.#log.append(item, scanned);
    this.#relayAhead?.add(item);
  }

  #committed(seq: number, items: readonly PlacedItem[]): void {
    this.#becomeWritable();
    if (items.length === 0) return;
    if (this.#relayAhead) this.#relayAhead.committed(seq);
    else this.#relay.updates({ after: seq - 1, upTo: seq }, items);
    this.#relay.reached(seq);
    this.#acknowledge(items);
    if (this.#compaction.isWorthwhile) void this.#compaction.run();
    else if (this.#madeJudging?.rules.isCompactionDue) void this.#compaction.makeRoom();
    if (!this.#isSomebodyCatchingUp) this.#log.history.forgetCovered();
  }

  #acknowledge(items: readonly PlacedItem[]): void {
    const authors = new Set<Member>();
    for (const { author, n, clock } of items) {
      if (n === 0) continue;
      author.becameDurable(n, clock);
      authors.add(author);
    }
    for (const author of authors) author.sendDurableAck();
  }

  #commitDelayed(items: readonly LogItem[]): void {
    for (const author of new Set(items.map((item) => item.author))) {
      author.sendReceivedAck(this.stateVector.get(author.clientId));
    }
  }

  /** What is admitted already is kept and tried again; who can be told is told to keep the rest. */
  #becomeReadOnly(reason: string): void {
    if (this.#state.kind !== "writable") return;
    this.#state = { kind: "read-only", reason };
    this.#tellAccess();
  }

  #becomeWritable(): void {
    if (this.#state.kind !== "read-only") return;
    this.#state = { kind: "writable" };
    this.#tellAccess();
  }

  #tellAccess(): void {
    const { level, reason } = this.access;
    for (const member of this.#members) member.channel.setAccess(level, reason);
  }

  /** What brought nothing new is durable as soon as everything before it is. */
  #settle(author: Member, { n }: Submission): void {
    if (n === 0) return;
    author.admitted(n);
    if (!this.#log.isSettled) return this.#log.settleWithLast({ update: undefined, author, n });
    author.becameDurable(n, this.stateVector.get(author.clientId));
    author.sendDurableAck();
  }

  #park(member: Member, submission: Submission, gap: Gap): void {
    // Who has left cannot be asked for the rest.
    if (!this.#members.has(member)) return;
    const why = this.#judging.partialWrites.whyHopeless(member, submission);
    if (why !== undefined) return this.#judging.partialWrites.decline(member, submission, why);
    if (!this.#judging.parking.park(member, submission, gap)) lostOnTheWay(member);
  }

  #outcomeFor(member: Member, trustHeavy = false): TrialOutcome {
    return {
      passed: (rest) => {
        this.#admit(member, rest, trustHeavy);
        this.#judging.lookAtParked();
      },
      next: (later) => {
        this.#take(member, later);
        this.#judging.lookAtParked();
      },
    };
  }

  /** A room that is out of use may be read while what it was made of is replaced. */
  #damaged(error: Error): void {
    if (this.#state.kind !== "ended") this.#onDamage(this, error);
  }

  get #judging(): Judging {
    return (this.#madeJudging ??= new Judging({
      documentName: this.documentName,
      roomNumber: this.number,
      log: this.#log,
      ownership: this.#ownership,
      services: this.#services,
      onDamage: (error) => this.#damaged(error),
      take: (member, submission) => this.#take(member, submission),
    }));
  }

  get #isImmediate(): boolean {
    return this.#services.limits.relay === "immediate";
  }

  get #isSomebodyCatchingUp(): boolean {
    for (const { delivery } of this.#members) if (delivery.isCatchingUp) return true;
    return false;
  }
}
