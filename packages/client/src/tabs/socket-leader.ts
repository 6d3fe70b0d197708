/**
 * The tab that has the socket: it opens a stream for each connection of its own and of other tabs, and passes frames. It
 * leads from the moment it is given the lock until the last stream has ended, also when its own ended before: handing
 * over costs every other tab a reconnection. Passing frames takes no timer, so that it goes on in the background; and a page
 * that holds a lock others wait for is not frozen.
 */
import {
  decodeStreamRecord,
  encodeStreamClose,
  encodeStreamFrame,
  maxStreamsPerSocket,
  sharedSocketPath,
  synclinePath,
  type StreamRecord,
} from "@syncline/protocol";
import type { Carrier, CarrierCloseEvent, CarrierHandlers, OpenCarrier } from "../carrier.js";
import type { Timing } from "../timing.js";
import { serveFollower, type LeaderMessage } from "./follower-line.js";
import type { ChannelLike, LocksLike } from "./origin-scope.js";

/** On the channel all tabs of a server's URL listen to. */
export type HallMessage =
  /** A tab asks for a stream; the channel for the answer has this id in its name. */
  | { readonly knock: string }
  /** The id of who leads from now on: who has no answer yet asks again, who followed another has lost it. */
  | { readonly leads: string };

export interface LeaderOptions {
  /** Of the syncline path. */
  readonly url: string;
  readonly openSocket: OpenCarrier;
  readonly timing: Timing;
  readonly locks: LocksLike;
  readonly openChannel: (name: string) => ChannelLike;
  /** Of the lock and the hall; a follower's lock and channel have its id behind it. */
  readonly name: string;
  readonly id: string;
  /** Lets go of the lock. */
  readonly resign: () => void;
}

type LeaderState = { readonly kind: "opening" } | { readonly kind: "open" } | { readonly kind: "retired" };

export class SocketLeader {
  readonly #options: LeaderOptions;
  readonly #socket: Carrier;
  readonly #hall: ChannelLike;
  readonly #carried = new Set<CarrierHandlers>();
  /** Of those, the ones that have sent something, by number. */
  readonly #streams = new Map<number, CarrierHandlers>();
  #streamCount = 0;
  #state: LeaderState = { kind: "opening" };

  /** Throws what opening the socket throws. */
  constructor(options: LeaderOptions) {
    const { openSocket, openChannel, name, id } = options;
    this.#options = options;
    this.#socket = openSocket(sharedUrl(options.url), {
      onOpen: () => this.#onOpen(),
      onFrame: (record) => this.#onRecord(record),
      onError: (cause) => this.#carried.forEach(({ onError }) => onError(cause)),
      onClose: (event) => this.#onClose(event),
    });
    this.#hall = openChannel(name);
    this.#hall.onmessage = ({ data }: { readonly data: HallMessage }) => {
      if ("knock" in data) this.#admit(data.knock);
    };
    this.#hall.postMessage({ leads: id } satisfies HallMessage);
  }

  /** A stream of its own for who asks, in this tab or for another. */
  open(handlers: CarrierHandlers): Carrier {
    let stream = 0;
    this.#carried.add(handlers);
    const isThere = () => this.#state.kind === "open" && this.#carried.has(handlers);
    if (isThere()) queueMicrotask(() => isThere() && handlers.onOpen());
    return {
      send: (frame) => {
        if (!isThere()) return;
        // Not before: to the server a number is new only if it is above all that it has seen.
        stream ||= this.#addStream(handlers);
        this.#socket.send(encodeStreamFrame(stream, frame));
      },
      close: () => {
        if (stream && isThere()) this.#socket.send(encodeStreamClose(stream, 0, ""));
        this.#end(stream, handlers);
      },
    };
  }

  #addStream(handlers: CarrierHandlers): number {
    this.#streams.set(++this.#streamCount, handlers);
    return this.#streamCount;
  }

  #admit(id: string): void {
    const { openChannel, locks, name, timing } = this.#options;
    const lockName = `${name} ${id}`;
    const channel = openChannel(lockName);
    const tell = (message: LeaderMessage) => channel.postMessage(message);
    if (this.#carried.size >= maxStreamsPerSocket) {
      tell("full");
      return channel.close();
    }
    tell({ accepted: this.#options.id });
    const openStream = (handlers: CarrierHandlers) => this.open(handlers);
    serveFollower({ channel, locks, lockName, timing, openStream });
  }

  #onOpen(): void {
    this.#state = { kind: "open" };
    for (const handlers of [...this.#carried]) if (this.#carried.has(handlers)) handlers.onOpen();
  }

  #onRecord(bytes: Uint8Array): void {
    let record: StreamRecord;
    try {
      record = decodeStreamRecord(bytes);
    } catch (cause) {
      return this.#onClose({ code: 1006, reason: String(cause) });
    }
    const handlers = this.#streams.get(record.stream);
    if (!handlers) return;
    if (record.kind === "frame") return handlers.onFrame(record.frame);
    const { stream, code, reason } = record;
    this.#streams.delete(stream);
    this.#carried.delete(handlers);
    handlers.onClose({ code, reason });
    this.#retireIfUnused();
  }

  #onClose(event: CarrierCloseEvent): void {
    const handlers = [...this.#carried];
    this.#carried.clear();
    this.#streams.clear();
    for (const { onClose } of handlers) onClose(event);
    this.#retireIfUnused();
  }

  #end(stream: number, handlers: CarrierHandlers): void {
    this.#streams.delete(stream);
    this.#carried.delete(handlers);
    this.#retireIfUnused();
  }

  #retireIfUnused(): void {
    if (this.#carried.size > 0 || this.#state.kind === "retired") return;
    this.#state = { kind: "retired" };
    this.#socket.close();
    this.#hall.close();
    this.#options.resign();
  }
}

function sharedUrl(url: string): string {
  const shared = new URL(url);
  shared.pathname += sharedSocketPath.slice(synclinePath.length);
  return shared.href;
}
