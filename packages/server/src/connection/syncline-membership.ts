/** One document on a syncline connection: what the room says, in this dialect's messages. */
import { access, closeCodes, ProtocolError, type CloseCode, type Message, type Open } from "@syncline/protocol";
import type { Channel, Wire } from "../room/channel.js";
import type { Member } from "../room/member.js";
import type { Room } from "../room/room.js";
import type { RoomAccess } from "../room/room-state.js";
import { StateVector } from "../update/state-vector.js";
import type { Transport } from "./transport.js";

export interface MembershipOptions {
  readonly transport: Transport;
  readonly wire: Wire;
  readonly send: (messages: readonly Message[]) => void;
  /** The server ended the membership. */
  readonly left: () => void;
}

export class SynclineMembership {
  readonly room: Room;
  readonly #member: Member;
  readonly #open: Open;
  readonly #options: MembershipOptions;
  #isEnded = false;
  /** What the client had, read before it becomes a member: a mistake in it refuses the open. */
  readonly #has: StateVector;

  /** @throws {UpdateError} when the open's state vector cannot be read. */
  constructor(room: Room, open: Open, options: MembershipOptions) {
    this.room = room;
    this.#open = open;
    this.#options = options;
    // Resuming by seq is not offered yet; sending everything is correct, only more.
    this.#has = open.have.kind === "resume" ? new StateVector() : StateVector.decode(open.have.stateVector);
    this.#member = room.join(this.#channel(), open.clientId);
  }

  /** Answers the open and starts sending. */
  begin(): void {
    this.#sendOpened(this.room.stateVector.encode());
    if (this.room.access.level < access.write) this.#sendAccess(this.room.access);
    this.room.sync(this.#member, this.#has);
    this.room.sendPresence(this.#member);
  }

  /** @throws {ProtocolError} `unexpected-message` */
  receive(update: Uint8Array, n: number): void {
    if (n === 0) throw new ProtocolError("unexpected-message", "updates are counted from 1");
    this.room.receive(this.#member, { update, n });
  }

  announce(awarenessUpdate: Uint8Array): void {
    this.room.announce(this.#member, awarenessUpdate);
  }

  /** After this nothing more of this opening is sent: an ack that came late could be taken for one of the next. */
  end(): void {
    this.#isEnded = true;
    this.room.leave(this.#member);
  }

  #sendOpened(stateVector: Uint8Array): void {
    const { requestId } = this.#open;
    const { generation, seq } = this.room;
    const opened = { requestId, room: this.room.number, access: this.room.access.level, generation, seq, stateVector };
    this.#send({ type: "opened", ...opened });
  }

  #sendAccess({ level, reason }: RoomAccess): void {
    this.#send({ type: "access", room: this.room.number, access: level, reason });
  }

  /** Who may write again is told what the server has, and answers with what it kept to itself meanwhile. */
  #setAccess(changed: RoomAccess): void {
    this.#sendAccess(changed);
    if (changed.level >= access.write) this.#sendOpened(this.room.stateVector.encode());
  }

  #leave(code: CloseCode, reason: string): void {
    // The client has left, and may have opened the document anew: that opening is not ours to end.
    if (this.#isEnded) return;
    const { transport, left } = this.#options;
    // A client that does not read would not read this either: the socket goes, with all its documents.
    if (code === closeCodes.tooSlow) return transport.close(code, reason);
    this.#send({ type: "close", room: this.room.number, code, reason });
    left();
  }

  #send(message: Message): void {
    if (!this.#isEnded) this.#options.send([message]);
  }

  #channel(): Channel {
    const { transport, wire } = this.#options;
    const room = this.room.number;
    return {
      wire,
      get unsentBytes() {
        return transport.unsentBytes;
      },
      send: (bytes) => {
        if (!this.#isEnded) transport.send(bytes);
      },
      drained: () => transport.drained(),
      holdReading: () => transport.holdReading(),
      ask: (stateVector) => this.#sendOpened(stateVector),
      ack: (n, clock, level) => this.#send({ type: "ack", room, n, clock, level }),
      setAccess: (level, reason) => this.#setAccess({ level, reason }),
      reject: (n, code, reason) => this.#send({ type: "reject", room, n, code, reason }),
      leave: (code, reason) => this.#leave(code, reason),
    };
  }
}
