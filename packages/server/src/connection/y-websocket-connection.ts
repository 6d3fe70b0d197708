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
import { closeFor } from "./close-for.js";
import { Liveness } from "./liveness.js";
import type { ConnectionServices } from "./services.js";
import type { Connection, Transport } from "./transport.js";

type ConnectionState =
  | { readonly kind: "loading"; readonly waiting: Uint8Array[]; waitingBytes: number }
  | { readonly kind: "joined"; readonly room: Room; readonly member: Member }
  /** Closed before the document was loaded: what it had sent until then was received, and will be dealt with. */
  | { readonly kind: "closed"; readonly waiting: readonly Uint8Array[] };

/** These providers hang up after 30 s in which they heard nothing. */
const speakAfterMs = 15_000;

/** What a waiting frame costs besides its bytes. */
const frameOverheadBytes = 64;

const emptyAwareness = encodeYWebsocketMessage({ type: "awareness", update: Uint8Array.of(0) });

export class YWebsocketConnection implements Connection {
  readonly #transport: Transport;
  readonly #services: ConnectionServices;
  readonly #liveness: Liveness;
  #state: ConnectionState = { kind: "loading", waiting: [], waitingBytes: 0 };
  /** Runs while the room takes no edits: this dialect cannot tell a client to keep them to itself. */
  #cancelGoodbye: (() => void) | undefined;

  constructor(transport: Transport, documentName: string, services: ConnectionServices) {
    this.#transport = transport;
    this.#services = services;
    this.#liveness = new Liveness(transport, services.heartbeatMs);
    void this.#join(documentName);
  }

  receive(frame: Uint8Array): void {
    const state = this.#state;
    if (state.kind === "closed") return;
    if (state.kind === "loading") return this.#wait(state, frame);
    try {
      this.#handle(state.room, state.member, frame);
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  closed(): void {
    const state = this.#state;
    if (state.kind === "closed") return;
    this.#cancelGoodbye?.();
    this.#state = { kind: "closed", waiting: state.kind === "loading" ? state.waiting : [] };
    if (state.kind !== "joined") return;
    state.room.leave(state.member);
    this.#services.rooms.release(state.room);
  }

  tick(nowMs: number): void {
    this.#liveness.tick(nowMs, () => this.#transport.ping());
    if (nowMs - this.#transport.lastSentMs >= speakAfterMs) this.#send(emptyAwareness);
  }

  async #join(documentName: string): Promise<void> {
    try {
      const room = await this.#services.rooms.open(documentName);
      const state = this.#state;
      if (state.kind === "joined") return;
      this.#joined(room, state.waiting);
      if (state.kind === "closed") this.closed();
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #joined(room: Room, waiting: readonly Uint8Array[]): void {
    if (room.ending) return this.#close(room.ending.code, room.ending.reason);
    const channel = this.#channel();
    const member = room.join(channel, 0);
    this.#state = { kind: "joined", room, member };
    channel.ask(room.stateVector.encode());
    room.sendPresence(member);
    this.#setAccess(room.access.level, room.access.reason);
    for (const frame of waiting) this.receive(frame);
  }

  #wait(state: Extract<ConnectionState, { kind: "loading" }>, frame: Uint8Array): void {
    state.waitingBytes += frame.length + frameOverheadBytes;
    if (state.waitingBytes > this.#services.maxFrameBytes) {
      return this.#close(closeCodes.rateLimited, "too much was sent while the document was being loaded");
    }
    state.waiting.push(frame.slice());
  }

  #handle(room: Room, member: Member, frame: Uint8Array): void {
    const message = decodeYWebsocketMessage(frame);
    switch (message?.type) {
      case "sync-step-1":
        return room.sync(member, StateVector.decode(message.stateVector));
      case "sync-step-2":
      case "update":
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

  /** Who may not write is sent away after a while, to come back later: it would go on typing into nowhere. */
  #setAccess(level: Access, reason: string): void {
    this.#cancelGoodbye?.();
    this.#cancelGoodbye = undefined;
    if (level >= access.write) return;
    const { timers, readOnlyAllowanceMs } = this.#services;
    this.#cancelGoodbye = timers.after(readOnlyAllowanceMs, () => this.#close(closeCodes.unavailable, reason));
  }

  #channel(): Channel {
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
      setAccess: (level, reason) => this.#setAccess(level, reason),
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
