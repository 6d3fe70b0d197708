/**
 * TCP connections of nobody knows whom: nothing was asked on them yet, or no more than pages and answers that anybody gets.
 * They cost little, and node closes them after a while; but one address could have so many that nobody else gets one.
 */
import { countedAs } from "../counted-address.js";
import type { Server } from "node:http";
import type { Socket } from "node:net";
import type { Refusals } from "../refusals.js";
import { plainAddress } from "./ip-address.js";

export interface SilentSocketsOptions {
  readonly maxPerAddress: number;
  /** Addresses that may have any number: this machine's, and proxies'. */
  readonly isExempt: (address: string) => boolean;
  readonly refusals: Refusals;
}

export class SilentSockets {
  readonly #options: SilentSocketsOptions;
  /** By the other end's address and port: what TLS makes of a socket is another object. */
  readonly #silent = new Set<string>();
  readonly #counts = new Map<string, number>();
  /** One for all: it stays on a socket as long as that is open. */
  readonly #closed: (this: Socket) => void;

  constructor(options: SilentSocketsOptions) {
    this.#options = options;
    const known = (socket: Socket) => this.known(socket);
    this.#closed = function () {
      known(this);
    };
  }

  watch(server: Server): void {
    server.on("connection", (socket: Socket) => this.#connected(socket));
  }

  get count(): number {
    return this.#silent.size;
  }

  /** `socket` is counted elsewhere from now on: as a WebSocket, or with its client's session. Or it is gone. */
  known({ remoteAddress, remotePort }: Socket): void {
    if (this.#silent.size === 0 || !this.#silent.delete(`${remoteAddress} ${remotePort}`)) return;
    const counted = countedAs(plainAddress(remoteAddress ?? "") ?? "");
    const count = (this.#counts.get(counted) ?? 1) - 1;
    if (count > 0) this.#counts.set(counted, count);
    else this.#counts.delete(counted);
  }

  #connected(socket: Socket): void {
    const address = plainAddress(socket.remoteAddress ?? "") ?? "";
    if (address === "" || this.#options.isExempt(address)) return;
    const { maxPerAddress, refusals } = this.#options;
    const counted = countedAs(address);
    const count = this.#counts.get(counted) ?? 0;
    if (count >= maxPerAddress) {
      refusals.note("address", `more than ${maxPerAddress} connections of an address open no document`, {
        remoteAddress: address,
      });
      return void socket.destroy();
    }
    this.#counts.set(counted, count + 1);
    // The port is asked for while it can be had: the socket remembers it.
    this.#silent.add(`${socket.remoteAddress} ${socket.remotePort}`);
    socket.on("close", this.#closed);
  }
}
