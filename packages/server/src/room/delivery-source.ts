/** What is delivered to the members of a room, and how: its log, seen from the way out. */
import { closeCodes } from "@syncline/protocol";
import { messageOf } from "../error.js";
import type { Logger } from "../logger.js";
import type { Timers } from "../timers.js";
import type { DiffSegments } from "./catch-up.js";
import type { Channel } from "./channel.js";
import type { History } from "./history.js";

/** What all deliveries of a room have in common: one object for thousands of members, most of which are idle. */
export interface DeliverySource {
  readonly roomNumber: number;
  readonly history: History;
  /** Looks whether the store has another snapshot than the history. */
  refreshSnapshot(): Promise<void>;
  readonly timers: Timers;
  readonly diffSegments: DiffSegments;
  /** Grows with each update the room takes. */
  version(): number;
  /** Up to which version everything was relayed to live members. */
  relayedVersion(): number;
  /** Relayed to all members and not yet committed: a member that becomes live in this moment needs it, too. */
  relayedAhead(): readonly Uint8Array[];
  /** The history could not be read for who is at `channel`. */
  failed(error: unknown, channel: Channel): void;
  readonly maxUnsentBytes: number;
  /** How long a member may take to read what it was sent, besides the time a slow link needs for it. */
  readonly lagAllowanceMs: number;
  readonly slowestReadBytesPerSecond: number;
}

/** A room's log, as far as it is of use here. */
interface SourceLog {
  readonly history: History;
  readonly version: number;
  readonly durableVersion: number;
  readonly unsettledUpdates: readonly Uint8Array[];
  refreshSnapshot(): Promise<void>;
}

/** A room's services, as far as they are of use here. */
interface SourceServices {
  readonly timers: Timers;
  readonly diffSegments: DiffSegments;
  readonly logger: Logger;
  readonly limits: Pick<DeliverySource, "maxUnsentBytes" | "lagAllowanceMs" | "slowestReadBytesPerSecond"> & {
    readonly relay: "durable" | "immediate";
  };
}

export interface LogSourceOptions {
  readonly documentName: string;
  readonly roomNumber: number;
  readonly log: SourceLog;
  readonly services: SourceServices;
  /** What the disk does not take the room does not have yet: who comes meanwhile does not wait for it. */
  readonly isReadOnly: () => boolean;
  readonly onUnreadable: (error: unknown) => void;
}

export class LogSource implements DeliverySource {
  readonly roomNumber: number;
  readonly history: History;
  readonly #options: LogSourceOptions;

  constructor(options: LogSourceOptions) {
    this.#options = options;
    this.roomNumber = options.roomNumber;
    this.history = options.log.history;
  }

  get timers(): Timers {
    return this.#options.services.timers;
  }

  get diffSegments(): DiffSegments {
    return this.#options.services.diffSegments;
  }

  get maxUnsentBytes(): number {
    return this.#options.services.limits.maxUnsentBytes;
  }

  get lagAllowanceMs(): number {
    return this.#options.services.limits.lagAllowanceMs;
  }

  get slowestReadBytesPerSecond(): number {
    return this.#options.services.limits.slowestReadBytesPerSecond;
  }

  refreshSnapshot(): Promise<void> {
    return this.#options.log.refreshSnapshot();
  }

  version(): number {
    const { log, isReadOnly } = this.#options;
    return isReadOnly() ? log.durableVersion : log.version;
  }

  relayedVersion(): number {
    const { log } = this.#options;
    return this.#isImmediate ? log.version : log.durableVersion;
  }

  relayedAhead(): readonly Uint8Array[] {
    return this.#isImmediate ? this.#options.log.unsettledUpdates : [];
  }

  failed(thrown: unknown, channel: Channel): void {
    const { documentName, services, onUnreadable } = this.#options;
    services.logger.error({ documentName, error: messageOf(thrown) }, "the history could not be read");
    channel.leave(closeCodes.internalError, "the document could not be read; come back later");
    onUnreadable(thrown);
  }

  get #isImmediate(): boolean {
    return this.#options.services.limits.relay === "immediate";
  }
}
