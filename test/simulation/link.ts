/** A connection: a pipe each way, the socket that the client has of it, and the transport that the server has. */
import type { Random } from "../fixtures/random.js";
import { ClientSocket } from "./client-socket.js";
import { Pipe, type Line, type Parcel } from "./pipe.js";
import type { Process } from "./process.js";
import type { Scheduler } from "./scheduler.js";
import { ServerTransport } from "./server-transport.js";
import type { Trace } from "./trace.js";

/** A machine that takes connections. */
export interface Host {
  readonly isListening: boolean;
  /** Calls `link.accepted`. */
  accept(link: Link, path: string): void;
}

export type Direction = "up" | "down";

/** What a connection needs of the network it is in. */
export interface Surroundings {
  readonly scheduler: Scheduler;
  readonly random: Random;
  readonly trace: Trace;
  lineOf(clientName: string): Line;
  /** Nothing gets through at the moment, and nobody is told. */
  isSilent(link: Link, direction: Direction): boolean;
  hostOf(name: string): Host | undefined;
  forget(link: Link): void;
}

const abnormalClose = 1006;

export interface LinkOptions {
  readonly clientName: string;
  readonly hostName: string;
  readonly label: string;
  /** Before the client gets it. */
  readonly tap: (frame: Uint8Array) => void;
}

export class Link {
  readonly clientName: string;
  readonly hostName: string;
  readonly label: string;
  readonly socket: ClientSocket;
  readonly createdAtMs: number;
  readonly network: Surroundings;
  readonly up: Pipe;
  readonly down: Pipe;
  transport: ServerTransport | undefined;
  /** The server's machine knows nothing of this connection any more. */
  #isServerLost = false;
  #isOver = false;

  constructor(network: Surroundings, { clientName, hostName, label, tap }: LinkOptions) {
    this.network = network;
    this.clientName = clientName;
    this.hostName = hostName;
    this.label = label;
    this.createdAtMs = network.scheduler.nowMs;
    this.socket = new ClientSocket(this, tap);
    const { scheduler, random } = network;
    const line = () => network.lineOf(clientName);
    this.up = new Pipe({
      scheduler,
      random,
      line,
      label: `${label} up`,
      isStalled: () => network.isSilent(this, "up"),
      arrived: (parcel) => this.#arrivedAtServer(parcel),
    });
    this.down = new Pipe({
      scheduler,
      random,
      line,
      label: `${label} down`,
      isStalled: () => network.isSilent(this, "down"),
      arrived: (parcel) => this.socket.arrived(parcel),
      onSent: () => this.transport?.sent(),
    });
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  wake(): void {
    this.up.wake();
    this.down.wake();
  }

  refused(): void {
    this.over();
    this.socket.failed();
  }

  accepted(process: Process, frameLimitBytes: number): ServerTransport {
    this.transport = new ServerTransport(this, process, frameLimitBytes);
    return this.transport;
  }

  /** The connection ends for both, now, whatever is on its way. */
  cut(): void {
    if (this.#isOver) return;
    this.over();
    const { transport, socket, network } = this;
    if (transport) network.scheduler.after(network.random.int(20), `${this.label} cut`, () => transport.gone());
    network.scheduler.after(network.random.int(20), `${this.label} cut`, () => socket.failed());
  }

  /** The server's process has crashed; its machine says so to the client, or is silent, too. */
  serverCrashed(isSilent: boolean): void {
    this.transport = undefined;
    this.#isServerLost = true;
    this.down.dropUnsent();
    if (!isSilent) this.down.send({ kind: "end", code: abnormalClose, reason: "" });
  }

  over(): void {
    this.#isOver = true;
    this.up.end();
    this.down.end();
    this.network.forget(this);
  }

  #arrivedAtServer(parcel: Parcel): void {
    if (this.transport) return this.transport.arrived(parcel);
    // A machine that is up answers what belongs to no connection with a reset.
    if (this.#isServerLost && this.network.hostOf(this.hostName)?.isListening === true) {
      this.down.send({ kind: "end", code: abnormalClose, reason: "" });
    }
  }
}
