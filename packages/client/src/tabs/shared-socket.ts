/**
 * One socket for all tabs of a browser. A tab that needs a connection waits for a lock, and asks meanwhile in the hall
 * whether somebody has it: who has it leads, and gives the others streams of its socket. When the leader goes the lock
 * passes on; that tells the followers, whose connections come back through whoever leads then. Every connection of every tab
 * takes part for itself, so nothing is shared within a tab that would need to outlive one.
 */
import type { Carrier, CarrierCloseEvent, CarrierHandlers, OpenCarrier } from "../carrier.js";
import type { Timing } from "../timing.js";
import type { FollowerMessage, LeaderMessage } from "./follower-line.js";
import { queueForLock, runtimeScope, type ChannelLike, type LocksLike, type OriginScope } from "./origin-scope.js";
import { SocketLeader, type HallMessage } from "./socket-leader.js";

export interface SharedSocketOptions {
  /** Opens a socket: that of the leader, and one of its own for who finds no leader that answers. */
  readonly openSocket: OpenCarrier;
  /** Its `random` makes the names by which tabs tell each other apart. */
  readonly timing: Timing;
  /** @default the runtime's */
  readonly scope?: OriginScope;
}

/** How long a leader may take to answer. It is frozen then: a busy one answers with its next task. */
const answerTimeoutMs = 3_000;

const leaderGone: CarrierCloseEvent = { code: 1006, reason: "the tab that had the socket is gone" };

/** Without locks or channels every carrier is a socket of its own. */
export function sharedSocketCarrier({ scope = runtimeScope(), ...options }: SharedSocketOptions): OpenCarrier {
  const { locks, openChannel } = scope;
  if (!locks || !openChannel) return options.openSocket;
  return (url, handlers) => new SharedSocketCarrier({ ...options, locks, openChannel, url, handlers });
}

interface ParticipantOptions {
  readonly openSocket: OpenCarrier;
  readonly timing: Timing;
  readonly locks: LocksLike;
  readonly openChannel: (name: string) => ChannelLike;
  readonly url: string;
  readonly handlers: CarrierHandlers;
}

type ParticipantState =
  /** No leader has answered yet. */
  | { readonly kind: "seeking" }
  | { readonly kind: "following"; readonly leaderId: string; readonly isOpen: boolean }
  /** It has a stream of this tab's own leader, or a socket of its own. */
  | { readonly kind: "carried"; readonly carrier: Carrier }
  | { readonly kind: "closed" };

/** Where a leader answers one knock. */
interface Line {
  readonly channel: ChannelLike;
  /** Lets go of the lock that says that this tab is alive. */
  readonly stopLiving: () => void;
}

class SharedSocketCarrier implements Carrier {
  readonly #options: ParticipantOptions;
  /** Of the lock and the hall. Tabs that run another version of this protocol meet elsewhere. */
  readonly #name: string;
  readonly #hall: ChannelLike;
  readonly #stopSeekingLead: () => void;
  readonly #cancelTimeout: () => void;
  #line: Line;
  #state: ParticipantState = { kind: "seeking" };

  constructor(options: ParticipantOptions) {
    const { url, timing, locks, openChannel } = options;
    this.#options = options;
    this.#name = `syncline 1 ${url}`;
    this.#hall = openChannel(this.#name);
    this.#hall.onmessage = ({ data }: { readonly data: HallMessage }) => {
      if ("leads" in data) this.#onLeader(data.leads);
    };
    this.#line = this.#knock();
    const onFailed = () => this.#goAlone();
    this.#stopSeekingLead = queueForLock(locks, this.#name, { onGranted: () => this.#onLock(), onFailed });
    this.#cancelTimeout = timing.setTimer(onFailed, answerTimeoutMs);
  }

  send(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#state.kind === "carried") this.#state.carrier.send(frame);
    else if (this.#state.kind === "following" && this.#state.isOpen) this.#tell(frame);
  }

  close(): void {
    const state = this.#state;
    this.#state = { kind: "closed" };
    if (state.kind === "carried") return state.carrier.close();
    if (state.kind === "closed") return;
    this.#leave();
    this.#stopSeekingLead();
  }

  /** Each time on a line of its own: a former leader's last words may come late. */
  #knock(): Line {
    const { timing, locks, openChannel } = this.#options;
    const id = newId(timing);
    const name = `${this.#name} ${id}`;
    const channel = openChannel(name);
    channel.onmessage = ({ data }: { readonly data: LeaderMessage }) => this.#onMessage(data);
    const stopLiving = queueForLock(locks, name, {
      onGranted: () => this.#hall.postMessage({ knock: id } satisfies HallMessage),
      onFailed: () => this.#goAlone(),
    });
    return { channel, stopLiving };
  }

  #tell(message: FollowerMessage): void {
    this.#line.channel.postMessage(message);
  }

  #hangUp(): void {
    this.#tell("close");
    this.#line.channel.close();
    this.#line.stopLiving();
  }

  #onMessage(message: LeaderMessage): void {
    const { handlers } = this.#options;
    if (this.#state.kind === "following") {
      if (message instanceof Uint8Array) return handlers.onFrame(message);
      if (message === "open") {
        this.#state = { ...this.#state, isOpen: true };
        return handlers.onOpen();
      }
      if (typeof message === "object" && "code" in message) this.#lose(message);
    } else if (this.#state.kind === "seeking") {
      if (message === "full") return this.#goAlone();
      if (typeof message !== "object" || !("accepted" in message)) return;
      this.#state = { kind: "following", leaderId: message.accepted, isOpen: false };
    }
  }

  /** The lock may have gone to somebody who waited longer. */
  #onLeader(leaderId: string): void {
    if (this.#state.kind === "following" && this.#state.leaderId !== leaderId) this.#lose(leaderGone);
    if (this.#state.kind !== "seeking") return;
    this.#hangUp();
    this.#line = this.#knock();
  }

  /** The lock is ours: nobody leads. */
  #onLock(): void {
    if (this.#state.kind === "following") this.#lose(leaderGone);
    else if (this.#state.kind === "seeking") this.#carry(() => this.#lead());
  }

  #lead(): Carrier {
    const names = { name: this.#name, id: newId(this.#options.timing) };
    const leader = new SocketLeader({ ...this.#options, ...names, resign: this.#stopSeekingLead });
    return leader.open(this.#options.handlers);
  }

  #goAlone(): void {
    if (this.#state.kind !== "seeking") return;
    const { openSocket, url, handlers } = this.#options;
    this.#stopSeekingLead();
    this.#carry(() => openSocket(url, handlers));
  }

  #carry(open: () => Carrier): void {
    this.#leave();
    try {
      this.#state = { kind: "carried", carrier: open() };
    } catch (cause) {
      this.#options.handlers.onError(cause);
      this.#end({ code: 1006, reason: String(cause) });
    }
  }

  #lose(event: CarrierCloseEvent): void {
    this.#leave();
    this.#end(event);
  }

  #end(event: CarrierCloseEvent): void {
    this.#state = { kind: "closed" };
    this.#stopSeekingLead();
    this.#options.handlers.onClose(event);
  }

  /** Ends all that a follower has; the lock for the lead is another matter. */
  #leave(): void {
    this.#cancelTimeout();
    this.#hall.close();
    this.#hangUp();
  }
}

/** Unlike any other at the same time. */
function newId(timing: Timing): string {
  return `${timing.random()}${timing.random()}`;
}
