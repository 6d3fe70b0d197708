/**
 * A client of the y-websocket dialect: one document a socket, named in the URL. Its provider speaks first and at once,
 * so what arrives before the document is loaded waits, within bounds.
 */
import {
  access,
  closeCodes,
  decodeYWebsocketMessage,
  encodeYWebsocketMessage,
  type Access,
  type CloseCode,
} from "@syncline/protocol";
import type { Channel } from "../room/channel.js";
import type { Member } from "../room/member.js";
import type { Room } from "../room/room.js";
import { StateVector } from "../update/state-vector.js";
import { grantFor, mayNotWrite, tokenExpired, type Grant } from "./authorize.js";
import { closeFor } from "./close-for.js";
import { Lease } from "./lease.js";
import { Liveness } from "./liveness.js";
import type { ConnectionServices } from "./services.js";
import type { Connection, Transport } from "./transport.js";

interface Joined {
  readonly kind: "joined";
  readonly room: Room;
  readonly member: Member;
  /** By its token; the room may take no edits all the same. */
  readonly isWriter: boolean;
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

/** What a waiting frame costs besides its bytes. */
const frameOverheadBytes = 64;

const emptyAwareness = encodeYWebsocketMessage({ type: "awareness", update: Uint8Array.of(0) });

export class YWebsocketConnection implements Connection {
  readonly #transport: Transport;
  readonly #services: ConnectionServices;
  readonly #liveness: Liveness;
  readonly #lease: Lease;
  #state: ConnectionState = { kind: "loading", waiting: [], waitingBytes: 0 };
  /** Runs while the room takes no edits: this dialect cannot tell a client to keep them to itself. */
  #cancelGoodbye: (() => void) | undefined;
  #isToldReadingOnly = false;

  constructor(transport: Transport, request: YWebsocketRequest, services: ConnectionServices) {
    this.#transport = transport;
    this.#services = services;
    this.#liveness = new Liveness(transport, services.heartbeatMs);
    this.#lease = new Lease({
      ...services,
      // This dialect has no words for that: such a client brings a fresh token with its next socket.
      expiring: () => undefined,
      expired: () => this.#close(tokenExpired.code, tokenExpired.reason),
    });
    void this.#join(request);
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
    this.#cancelGoodbye?.();
    this.#lease.end();
    this.#state = { kind: "closed", waiting: state.kind === "loading" ? state.waiting : [] };
    if (state.kind !== "joined") return;
    state.room.leave(state.member);
    this.#services.rooms.release(state.room);
  }

  /** The close that follows is all that these clients understand. */
  goAway(): void {}

  tick(nowMs: number): void {
    this.#liveness.tick(nowMs, () => this.#transport.ping());
    if (nowMs - this.#transport.lastSentMs >= speakAfterMs) this.#send(emptyAwareness);
  }

  async #join({ documentName, token }: YWebsocketRequest): Promise<void> {
    try {
      const grant = await grantFor({ documentName, token, dialect: "y-websocket" }, this.#services);
      if (this.#hasNothingToSay) return;
      const room = await this.#services.rooms.open(documentName);
      const state = this.#state;
      if (state.kind === "joined") return;
      this.#joined(room, grant, state.waiting);
      if (state.kind === "closed") this.closed();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #joined(room: Room, grant: Grant, waiting: readonly Uint8Array[]): void {
    if (room.ending) return this.#close(room.ending.code, room.ending.reason);
    const isWriter = grant.level >= access.write;
    const channel = this.#channel(isWriter);
    const member = room.join(channel, 0);
    this.#state = { kind: "joined", room, member, isWriter };
    this.#lease.renew(grant.expiresAtMs);
    // What a reader has is not asked for: it would answer with all its deletions, and be told that it may not write.
    if (isWriter) channel.ask(room.stateVector.encode());
    room.sendPresence(member);
    if (isWriter) this.#setAccess(room.access.level, room.access.reason);
    for (const frame of waiting) this.receive(frame);
  }

  /** It has gone, and sent nothing before it went. */
  get #hasNothingToSay(): boolean {
    return this.#state.kind === "closed" && this.#state.waiting.length === 0;
  }

  #wait(state: Extract<ConnectionState, { kind: "loading" }>, frame: Uint8Array): void {
    state.waitingBytes += frame.length + frameOverheadBytes;
    if (state.waitingBytes > this.#services.maxFrameBytes) {
      return this.#close(closeCodes.rateLimited, "too much was sent while the document was being loaded");
    }
    state.waiting.push(frame.slice());
  }

  #handle({ room, member, isWriter }: Joined, frame: Uint8Array): void {
    const message = decodeYWebsocketMessage(frame);
    switch (message?.type) {
      case "sync-step-1":
        return room.sync(member, StateVector.decode(message.stateVector));
      case "sync-step-2":
      case "update":
        if (!isWriter) return this.#tellReadingOnly();
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

  /** Once: stock providers write it to the console, and go on sending what their users type. */
  #tellReadingOnly(): void {
    if (this.#isToldReadingOnly) return;
    this.#isToldReadingOnly = true;
    this.#send(encodeYWebsocketMessage({ type: "permission-denied", reason: mayNotWrite.reason }));
  }

  /** Who may not write is sent away after a while, to come back later: it would go on typing into nowhere. */
  #setAccess(level: Access, reason: string): void {
    this.#cancelGoodbye?.();
    this.#cancelGoodbye = undefined;
    if (level >= access.write) return;
    const { timers, readOnlyAllowanceMs } = this.#services;
    this.#cancelGoodbye = timers.after(readOnlyAllowanceMs, () => this.#close(closeCodes.unavailable, reason));
  }

  #channel(isWriter: boolean): Channel {
    const transport = this.#transport;
    return {
      wire: this.#services.wires.yWebsocket,
      get unsentBytes() {
        return transport.unsentBytes;
      },
      send: (bytes) => transport.send(bytes),
      drained: () => transport.drained(),
      holdReading: () => transport.holdReading(),
      ask: (stateVector) => this.#send(encodeYWebsocketMessage({ type: "sync-step-1", stateVector })),
      // This dialect has no words for these.
      ack: () => undefined,
      setAccess: (level, reason) => {
        if (isWriter) this.#setAccess(level, reason);
      },
      reject: (_n, code, reason) => this.#close(code, reason),
      leave: (code, reason) => this.#close(code, reason),
    };
  }

  #send(message: Uint8Array): void {
    this.#transport.send(this.#services.framing([message]));
  }

  #fail(thrown: unknown): void {
    const { code, reason } = closeFor(thrown, this.#services.logger);
    this.#close(code, reason);
  }

  #close(code: CloseCode, reason: string): void {
    this.#transport.close(code, reason);
    this.closed();
  }
}
