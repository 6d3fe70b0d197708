/**
 * What a room says to a client of the y-websocket dialect, which has no words for most of it: nothing is acknowledged, and who
 * may not write is told so in a message that is shown to nobody, or sent away.
 */
import { closeCodes, encodeYWebsocketMessage, mayWrite, type Access, type CloseCode } from "@syncline/protocol";
import type { Channel, Wire } from "../room/channel.js";
import type { Grant } from "./authorize.js";
import { whyNotWrite } from "./effective-access.js";
import type { ConnectionServices } from "./services.js";
import type { Transport } from "./transport.js";

/** The connection that a channel is of. */
export interface ChannelOwner {
  readonly grant: Grant;
  /** The room ends the membership. */
  sentAway(code: CloseCode, reason: string): void;
  dismiss(code: CloseCode, reason: string): void;
}

type ChannelServices = Pick<ConnectionServices, "wires" | "framing" | "timers" | "readOnlyAllowanceMs">;

/** A class, not an object of closures: there is one for each connection, and there may be ten thousand. */
export class YWebsocketChannel implements Channel {
  readonly wire: Wire;
  readonly #owner: ChannelOwner;
  readonly #transport: Transport;
  readonly #services: ChannelServices;
  /** Runs while the room takes no edits: this dialect cannot tell a client to keep them to itself. */
  #cancelGoodbye: (() => void) | undefined;
  #isDenied = false;

  constructor(owner: ChannelOwner, transport: Transport, services: ChannelServices) {
    this.wire = services.wires.yWebsocket;
    this.#owner = owner;
    this.#transport = transport;
    this.#services = services;
  }

  get unsentBytes(): number {
    return this.#transport.unsentBytes;
  }

  send(bytes: Uint8Array): void {
    this.#transport.send(bytes);
  }

  drained(): Promise<void> {
    return this.#transport.drained();
  }

  holdReading(): () => void {
    return this.#transport.holdReading();
  }

  ask(stateVector: Uint8Array): void {
    this.#say(encodeYWebsocketMessage({ type: "sync-step-1", stateVector }));
  }

  ack(): void {}

  /** Who may not write is sent away after a while, to come back later: it would go on typing into nowhere. */
  setAccess(level: Access, reason: string): void {
    if (!mayWrite(this.#owner.grant.level)) return;
    this.#letStay();
    if (mayWrite(level)) return;
    const { timers, readOnlyAllowanceMs } = this.#services;
    const { unavailable } = closeCodes;
    this.#cancelGoodbye = timers.after(readOnlyAllowanceMs, () => this.#owner.dismiss(unavailable, reason));
  }

  /** A close with 4403 is for good to one version of these clients, and to others a reason to come back at once. */
  reject(_n: number, _code: CloseCode, reason: string): void {
    this.#deny(reason);
  }

  leave(code: CloseCode, reason: string): void {
    this.#owner.sentAway(code, reason);
  }

  /** The client may write from now on. What it has written already it is asked for. */
  beginWriting(stateVector: Uint8Array): void {
    this.#isDenied = false;
    this.ask(stateVector);
  }

  /** It may not any more. */
  endWriting(): void {
    this.#letStay();
    this.#isDenied = false;
    this.tellReadingOnly();
  }

  tellReadingOnly(): void {
    this.#deny(whyNotWrite(this.#owner.grant).reason);
  }

  /** The connection is gone. */
  end(): void {
    this.#letStay();
  }

  /** Once: stock providers write it to the console, and go on sending what their users type. */
  #deny(reason: string): void {
    if (this.#isDenied) return;
    this.#isDenied = true;
    this.#say(encodeYWebsocketMessage({ type: "permission-denied", reason }));
  }

  #letStay(): void {
    this.#cancelGoodbye?.();
    this.#cancelGoodbye = undefined;
  }

  #say(message: Uint8Array): void {
    this.send(this.#services.framing([message]));
  }
}
