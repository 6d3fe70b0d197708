/**
 * A client of the y-websocket dialect: one document a socket, named in the URL. Its provider speaks first and at once,
 * so what arrives before the document is loaded waits, within bounds.
 */
import {
  access,
  closeCodes,
  decodeYWebsocketMessage,
  encodeYWebsocketMessage,
  mayRead,
  mayWrite,
  type CloseCode,
} from "@syncline/protocol";
import type { Member } from "../room/member.js";
import type { Room } from "../room/room.js";
import { anybody } from "../room/standing.js";
import { StateVector } from "../update/state-vector.js";
import type { Agreement } from "./agreed-rates.js";
import { grantFor, tokenExpired, type Grant } from "./authorize.js";
import { closeFor, noteSentAway } from "./close-for.js";
import { Decision } from "./decision.js";
import { whyNotWrite } from "./effective-access.js";
import type { GrantHolder } from "./grants.js";
import { Lease } from "./lease.js";
import { Liveness } from "./liveness.js";
import { PacedReading } from "./paced-reading.js";
import { namesIn, principalOf } from "./principal.js";
import { refusalAtDoor } from "./refusal.js";
import type { ConnectionServices } from "./services.js";
import type { Connection, Transport } from "./transport.js";
import { YWebsocketChannel, type ChannelOwner } from "./y-websocket-channel.js";

interface Joined {
  readonly kind: "joined";
  readonly room: Room;
  readonly member: Member;
  readonly channel: YWebsocketChannel;
}

type ConnectionState =
  | { readonly kind: "loading"; readonly waiting: Uint8Array[]; waitingBytes: number }
  | Joined
  /** Closed before the document was loaded: what it had sent until then was received, and will be dealt with. */
  | { readonly kind: "closed"; readonly waiting: readonly Uint8Array[] };

/** What a socket was opened for. */
export interface YWebsocketRequest {
  readonly documentName: string;
  /** `""` for none. */
  readonly token: string;
}

/** These providers hang up after 30 s in which they heard nothing. */
const speakAfterMs = 15_000;

/** Until it is known what a client was granted. */
const nothing: Grant = Object.freeze({
  level: access.none,
  standing: anybody,
  tokenId: undefined,
  issuedAtMs: undefined,
  rates: undefined,
  expiresAtMs: Infinity,
});

/** What a waiting frame costs besides its bytes. */
const frameOverheadBytes = 64;

const emptyAwareness = encodeYWebsocketMessage({ type: "awareness", update: Uint8Array.of(0) });

export class YWebsocketConnection implements Connection, GrantHolder, ChannelOwner {
  readonly documentName: string;
  readonly #transport: Transport;
  readonly #services: ConnectionServices;
  readonly #token: string;
  readonly #liveness: Liveness;
  /** `undefined`: what it was granted so far does not end. */
  #lease: Lease | undefined;
  readonly #pace: PacedReading;
  #state: ConnectionState = { kind: "loading", waiting: [], waitingBytes: 0 };
  #grant: Grant = nothing;
  #agreement: Agreement | undefined;

  constructor(transport: Transport, { documentName, token }: YWebsocketRequest, services: ConnectionServices) {
    this.documentName = documentName;
    this.#transport = transport;
    this.#services = services;
    this.#token = token;
    this.#liveness = new Liveness(transport, services.heartbeatMs);
    this.#pace = new PacedReading(transport, services);
    void this.#join();
  }

  /** What it was granted; nothing, until it is known. */
  get grant(): Grant {
    return this.#grant;
  }

  dismiss(code: CloseCode, reason: string): void {
    this.#close(code, reason);
  }

  sentAway(code: CloseCode, reason: string): void {
    noteSentAway({ code, reason }, this.#principal, this.#services);
    this.#close(code, reason);
  }

  async recheck(): Promise<void> {
    try {
      this.#regard(await this.#authorize());
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  receive(frame: Uint8Array): void {
    const state = this.#state;
    if (state.kind === "closed") return;
    if (state.kind === "loading") return this.#wait(state, frame);
    try {
      this.#handle(state, frame);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  closed(): void {
    const state = this.#state;
    if (state.kind === "closed") return;
    this.#pace.end();
    this.#lease?.end();
    this.#services.grants.delete(this);
    this.#state = { kind: "closed", waiting: state.kind === "loading" ? state.waiting : [] };
    if (state.kind !== "joined") return;
    state.channel.end();
    state.room.leave(state.member);
    this.#services.rooms.release(state.room);
  }

  /** The close that follows is all that these clients understand. */
  goAway(): void {}

  tick(nowMs: number): void {
    this.#liveness.tick(nowMs, () => this.#transport.ping());
    if (nowMs - this.#transport.lastSentMs >= speakAfterMs) this.#send(emptyAwareness);
  }

  async #join(): Promise<void> {
    const { grants, rooms } = this.#services;
    const decision = new Decision(grants, () => this.#authorize());
    let release: () => void = () => undefined;
    try {
      await this.#decideUnread(decision);
      if (this.#hasNothingToSay) return;
      const room = await rooms.open(this.documentName);
      release = () => rooms.release(room);
      while (!decision.isCurrent) await decision.make();
      this.#grant = decision.grant;
      const state = this.#state;
      if (state.kind === "joined") return;
      release = () => undefined;
      this.#joined(room, state.waiting);
      if (state.kind === "closed") this.closed();
    } catch (thrown) {
      release();
      this.#fail(thrown);
    }
  }

  /** Such a client sends at once what it wrote offline, which may be much: of nobody knows whom that is not kept. */
  async #decideUnread(decision: Decision): Promise<void> {
    const readOn = this.#transport.holdReading();
    try {
      await decision.make();
      this.#transport.welcomed();
    } finally {
      readOn();
    }
  }

  #authorize(): Promise<Grant> {
    const { documentName } = this;
    const request = {
      documentName,
      token: this.#token,
      dialect: "y-websocket",
      request: this.#transport.peer,
    } as const;
    return grantFor(request, this.#services);
  }

  #joined(room: Room, waiting: readonly Uint8Array[]): void {
    const refusal = refusalAtDoor(room, this.#services.refusals);
    if (refusal) {
      this.#close(refusal.code, refusal.reason);
      return this.#services.rooms.release(room);
    }
    const channel = new YWebsocketChannel(this, this.#transport, this.#services);
    const member = room.join(channel, { clientId: 0, standing: this.#grant.standing });
    this.#state = { kind: "joined", room, member, channel };
    this.#services.grants.add(this);
    this.#agreement = this.#pace.agree(this.#grant, this.documentName);
    this.#stayUntil(this.#grant.expiresAtMs);
    room.sendPresence(member);
    if (this.#isWriter) this.#beginWriting(room, channel);
    for (const frame of waiting) this.receive(frame);
  }

  /** What a reader has is not asked for: it would answer with all its deletions, and be told that it may not write. */
  #beginWriting(room: Room, channel: YWebsocketChannel): void {
    channel.beginWriting(room.stateVector.encode());
    channel.setAccess(room.access.level, room.access.reason);
  }

  /** It goes on with what it is granted now. */
  #regard(grant: Grant): void {
    const state = this.#state;
    if (state.kind !== "joined") return;
    const before = this.#grant;
    // What it was sent of the document, or was not, is another story then: it begins anew.
    if (mayRead(before.level) !== mayRead(grant.level)) {
      return this.#close(closeCodes.unavailable, "what you may do here has changed; come back");
    }
    this.#grant = grant;
    this.#agreement = this.#pace.agree(grant, this.documentName);
    this.#stayUntil(grant.expiresAtMs);
    state.room.regard(state.member, grant.standing);
    // What it was refused before it is asked for again.
    const hasOtherRoots = JSON.stringify(before.standing.roots) !== JSON.stringify(grant.standing.roots);
    if (this.#isWriter && (hasOtherRoots || !mayWrite(before.level))) this.#beginWriting(state.room, state.channel);
    if (!this.#isWriter && mayWrite(before.level)) state.channel.endWriting();
  }

  #stayUntil(expiresAtMs: number): void {
    if (expiresAtMs !== Infinity) this.#lease ??= this.#createLease();
    this.#lease?.renew(expiresAtMs);
  }

  #createLease(): Lease {
    const { timers, wallClock } = this.#services;
    const expired = () => this.#close(tokenExpired.code, tokenExpired.reason);
    // This dialect has no words for what expires soon: such a client brings a fresh token with its next socket.
    return new Lease({ timers, wallClock, expiring: () => undefined, expired });
  }

  /** By its token; the room may take no edits all the same. */
  get #isWriter(): boolean {
    return mayWrite(this.#grant.level);
  }

  /** It has gone, and sent nothing before it went. */
  get #hasNothingToSay(): boolean {
    return this.#state.kind === "closed" && this.#state.waiting.length === 0;
  }

  #wait(state: Extract<ConnectionState, { kind: "loading" }>, frame: Uint8Array): void {
    state.waitingBytes += frame.length + frameOverheadBytes;
    if (state.waitingBytes > this.#services.maxFrameBytes) {
      return this.#close(
        closeCodes.rateLimited,
        "too much was sent while the document was being loaded; come back and send it later",
      );
    }
    state.waiting.push(frame.slice());
  }

  #handle({ room, member, channel }: Joined, frame: Uint8Array): void {
    const message = decodeYWebsocketMessage(frame);
    switch (message?.type) {
      case "sync-step-1":
        if (!mayRead(this.#grant.level)) return channel.tellReadingOnly();
        return room.sync(member, StateVector.decode(message.stateVector));
      case "sync-step-2":
      case "update":
        this.#pace.received(this.#agreement, message.update.length, this.documentName);
        if (!this.#isWriter) return this.#decline(channel);
        return room.receive(member, { update: message.update, n: 0 });
      case "awareness":
        return room.announce(member, message.update);
      case "query-awareness":
        return room.sendPresence(member);
      case "permission-denied":
      case undefined:
        return;
    }
  }

  #decline(channel: YWebsocketChannel): void {
    this.#services.refusals.note("read-only", whyNotWrite(this.#grant).reason, { documentName: this.documentName });
    channel.tellReadingOnly();
  }

  get #principal(): string | undefined {
    // Who was granted nothing yet is held to nothing: its address may be that of many.
    if (this.#grant === nothing) return undefined;
    return principalOf(namesIn(this.#grant), this.#transport.peer.address);
  }

  #send(message: Uint8Array): void {
    this.#transport.send(this.#services.framing([message]));
  }

  #fail(thrown: unknown): void {
    const { code, reason } = closeFor(thrown, this.#principal, this.#services);
    this.#close(code, reason);
  }

  #close(code: CloseCode, reason: string): void {
    this.#transport.close(code, reason);
    this.closed();
  }
}
