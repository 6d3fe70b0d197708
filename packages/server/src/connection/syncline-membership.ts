/** One document on a syncline connection: what its client may do there, and what it sends and is told, in this dialect's messages. */
import {
  access,
  closeCodes,
  mayRead,
  mayWrite,
  ProtocolError,
  type CloseCode,
  type Message,
  type Open,
} from "@syncline/protocol";
import type { ApplicationEvent } from "../room/channel.js";
import type { Member } from "../room/member.js";
import type { Room } from "../room/room.js";
import { StateVector } from "../update/state-vector.js";
import type { Agreement } from "./agreed-rates.js";
import { tokenExpired, type Grant } from "./authorize.js";
import { effectiveAccess, whyNotWrite, type EffectiveAccess } from "./effective-access.js";
import { EventAllowance } from "./event-allowance.js";
import { noteSentAway } from "./close-for.js";
import type { GrantHolder } from "./grants.js";
import { Lease } from "./lease.js";
import type { PacedReading } from "./paced-reading.js";
import { namesIn, principalOf } from "./principal.js";
import type { ConnectionServices } from "./services.js";
import { SynclineChannel, type ChannelOwner } from "./syncline-channel.js";
import type { Transport } from "./transport.js";

export interface MembershipOptions {
  readonly transport: Transport;
  readonly services: ConnectionServices;
  /** The connection's: what is owed for edits of one document is owed when it was left, too. */
  readonly pace: PacedReading;
  /** Which of the connection's opens this is. */
  readonly order: number;
  readonly grant: Grant;
  readonly send: (messages: readonly Message[]) => void;
  /** The connection's token, by which this was granted, is about to expire. */
  readonly askForToken: (expiresInMs: number) => void;
  /** Has what was granted looked at anew. */
  readonly recheck: (membership: SynclineMembership) => Promise<void>;
  /** The server ended the membership. */
  readonly left: () => void;
}

export class SynclineMembership implements GrantHolder, ChannelOwner {
  readonly room: Room;
  readonly order: number;
  readonly #member: Member;
  readonly #open: Open;
  readonly #options: MembershipOptions;
  readonly #lease: Lease;
  #grant: Grant;
  /** What the client was last told that it may do. */
  #told: EffectiveAccess;
  /** Made when the client first sends an event: many never do. */
  #events: EventAllowance | undefined;
  #agreement: Agreement | undefined;
  #isEnded = false;
  /** What the client had, read before it becomes a member: a mistake in it refuses the open. `undefined`: it resumes. */
  readonly #has: StateVector | undefined;

  /** @throws {UpdateError} when the open's state vector cannot be read. */
  constructor(room: Room, open: Open, options: MembershipOptions) {
    this.room = room;
    this.order = options.order;
    this.#open = open;
    this.#options = options;
    this.#has = open.have.kind === "resume" ? undefined : StateVector.decode(open.have.stateVector);
    this.#grant = options.grant;
    this.#told = this.#access;
    this.#agreement = options.pace.agree(options.grant, open.documentName);
    this.#lease = this.#createLease();
    const { transport, services } = options;
    const channel = new SynclineChannel(this, transport, { wire: services.wires.syncline, roomNumber: room.number });
    this.#member = room.join(channel, { clientId: open.clientId, standing: this.#grant.standing });
    services.grants.add(this);
  }

  get grant(): Grant {
    return this.#grant;
  }

  /** As it came with the open; `""`: the connection's is meant. */
  get ownToken(): string {
    return this.#open.token;
  }

  recheck(): Promise<void> {
    return this.#options.recheck(this);
  }

  get documentName(): string {
    return this.#open.documentName;
  }

  /** The document was opened without a token of its own. */
  get usesConnectionToken(): boolean {
    return this.#open.token === "";
  }

  /** Answers the open and starts sending. */
  begin(): void {
    // Who resumes knows without it what to send again.
    this.tellOpened(this.#has ? this.#stateVectorForIt : new Uint8Array());
    if (this.#told.level !== access.write) this.#sendAccess(this.#told);
    this.#lease.renew(this.#grant.expiresAtMs);
    if (this.#isReader) this.#sendDocument();
    this.room.sendPresence(this.#member);
  }

  /** @throws {ProtocolError} `unexpected-message` */
  receive(update: Uint8Array, n: number): void {
    if (n === 0) throw new ProtocolError("unexpected-message", "updates are counted from 1");
    this.#options.pace.received(this.#agreement, update.length, this.documentName);
    if (!mayWrite(this.#grant.level)) return this.#decline(n);
    this.room.receive(this.#member, { update, n });
  }

  announce(awarenessUpdate: Uint8Array): void {
    this.room.announce(this.#member, awarenessUpdate);
  }

  /** Passes an event of the application on. What is above the allowance is dropped, and all of a client that may not write. */
  broadcast(event: ApplicationEvent): void {
    if (!mayWrite(this.#grant.level)) return;
    const { maxEventBytes } = this.#options.services.eventLimits;
    const byteCount = event.payload.length;
    if (byteCount > maxEventBytes) {
      return this.dismiss(closeCodes.tooLarge, `an event of ${byteCount} bytes; at most ${maxEventBytes} are allowed`);
    }
    this.#events ??= this.#createAllowance();
    if (this.#events.take(byteCount)) this.room.broadcast(this.#member, event);
  }

  /** What a fresh token allows. */
  renew(grant: Grant): void {
    if (this.#isEnded) return;
    // What it was sent of the document, or was not, is another story then: it begins anew.
    if (mayRead(grant.level) !== this.#isReader) {
      return this.dismiss(closeCodes.unavailable, "what you may do here has changed; come back");
    }
    this.#grant = grant;
    this.#agreement = this.#options.pace.agree(grant, this.documentName);
    this.#lease.renew(grant.expiresAtMs);
    this.room.regard(this.#member, grant.standing);
    this.tellAccess();
  }

  /** Ends it with a word to the client. */
  dismiss(code: CloseCode, reason: string): void {
    // The client has left, and may have opened the document anew: that opening is not ours to end.
    if (this.#isEnded) return;
    const { transport, left } = this.#options;
    // A client that does not read would not read this either: the socket goes, with all its documents.
    if (code === closeCodes.tooSlow) return transport.close(code, reason);
    this.say({ type: "close", room: this.room.number, code, reason });
    left();
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  say(message: Message): void {
    if (!this.#isEnded) this.#options.send([message]);
  }

  tellOpened(stateVector: Uint8Array): void {
    const { requestId } = this.#open;
    const { generation } = this.room;
    const seq = this.#isReader ? this.room.seq : 0;
    const opened = { requestId, room: this.room.number, access: this.#access.level, generation, seq, stateVector };
    this.say({ type: "opened", ...opened });
  }

  /** Who may write again is told what the server has, and answers with what it kept to itself meanwhile. */
  tellAccess(): void {
    const [now, told] = [this.#access, this.#told];
    if (now.level === told.level && now.reason === told.reason && now.roots === told.roots) return;
    this.#told = now;
    this.#sendAccess(now);
    if (mayWrite(now.level)) this.tellOpened(this.room.stateVector.encode());
  }

  note(code: CloseCode, reason: string): void {
    const { transport, services } = this.#options;
    noteSentAway({ code, reason }, principalOf(namesIn(this.#grant), transport.peer.address), services);
  }

  /** After this nothing more of this opening is sent: an ack that came late could be taken for one of the next. */
  end(): void {
    this.#isEnded = true;
    this.#lease.end();
    this.#options.services.grants.delete(this);
    this.room.leave(this.#member);
  }

  get #access(): EffectiveAccess {
    return effectiveAccess(this.room.access, this.#grant);
  }

  get #isReader(): boolean {
    return mayRead(this.#grant.level);
  }

  /** Who may not read is not told what there is. */
  get #stateVectorForIt(): Uint8Array {
    return this.#isReader ? this.room.stateVector.encode() : Uint8Array.of(0);
  }

  #decline(n: number): void {
    const why = whyNotWrite(this.#grant);
    this.#options.services.refusals.note("read-only", why.reason, { documentName: this.documentName });
    this.room.decline(this.#member, n, why);
  }

  #sendDocument(): void {
    const { have } = this.#open;
    if (this.#has) this.room.sync(this.#member, this.#has);
    else if (have.kind === "resume") this.room.resume(this.#member, have.seq);
  }

  #sendAccess({ level, reason, roots }: EffectiveAccess): void {
    this.say({ type: "access", room: this.room.number, access: level, reason, roots });
  }

  #createLease(): Lease {
    const { services, askForToken } = this.#options;
    return new Lease({
      timers: services.timers,
      wallClock: services.wallClock,
      // A token that came with the open cannot be renewed: its client opens the document anew.
      expiring: (leftMs) => {
        if (this.usesConnectionToken) askForToken(leftMs);
      },
      expired: () => this.dismiss(tokenExpired.code, tokenExpired.reason),
    });
  }

  #createAllowance(): EventAllowance {
    const { eventLimits, timers, refusals } = this.#options.services;
    const { documentName } = this;
    return new EventAllowance(eventLimits, timers, () =>
      refusals.note("rate", "a member sends more events than it may; what is above that is dropped", { documentName }),
    );
  }
}
