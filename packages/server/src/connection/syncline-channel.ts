/** What a room says to a syncline client, in this dialect's messages. */
import type { AckLevel, CloseCode, Message } from "@syncline/protocol";
import type { Channel, Wire } from "../room/channel.js";
import type { Transport } from "./transport.js";

/** The membership that a channel is of. */
export interface ChannelOwner {
  /** Nothing more of this opening is sent. */
  readonly isEnded: boolean;
  say(message: Message): void;
  /** What may be done has changed, or may have. */
  tellAccess(): void;
  /** Tells the client what the server has; it answers with the rest. */
  tellOpened(stateVector: Uint8Array): void;
  /** The room has something against the client. */
  note(code: CloseCode, reason: string): void;
  dismiss(code: CloseCode, reason: string): void;
}

/** A class, not an object of closures: there is one for each document of each connection. */
export class SynclineChannel implements Channel {
  readonly wire: Wire;
  readonly #owner: ChannelOwner;
  readonly #transport: Transport;
  readonly #roomNumber: number;

  constructor(owner: ChannelOwner, transport: Transport, { wire, roomNumber }: { wire: Wire; roomNumber: number }) {
    this.wire = wire;
    this.#owner = owner;
    this.#transport = transport;
    this.#roomNumber = roomNumber;
  }

  get unsentBytes(): number {
    return this.#transport.unsentBytes;
  }

  send(bytes: Uint8Array): void {
    if (!this.#owner.isEnded) this.#transport.send(bytes);
  }

  drained(): Promise<void> {
    return this.#transport.drained();
  }

  holdReading(): () => void {
    return this.#transport.holdReading();
  }

  ask(stateVector: Uint8Array): void {
    this.#owner.tellOpened(stateVector);
  }

  ack(n: number, clock: number, level: AckLevel, seq: number): void {
    this.#owner.say({ type: "ack", room: this.#roomNumber, n, clock, level, seq });
  }

  setAccess(): void {
    this.#owner.tellAccess();
  }

  reject(n: number, code: CloseCode, reason: string): void {
    this.#owner.note(code, reason);
    this.#owner.say({ type: "reject", room: this.#roomNumber, n, code, reason });
  }

  leave(code: CloseCode, reason: string): void {
    this.#owner.note(code, reason);
    this.#owner.dismiss(code, reason);
  }
}
