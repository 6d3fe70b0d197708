/** A room's presence, made when somebody first announces themselves: many rooms never need it. */
import type { Member } from "./member.js";
import type { Ownership } from "./ownership.js";
import { Presence } from "./presence.js";
import type { Relay } from "./relay.js";
import type { RoomServices } from "./services.js";

export interface RoomPresenceOptions {
  readonly documentName: string;
  readonly roomNumber: number;
  readonly relay: Relay;
  readonly ownership: Ownership;
  readonly services: Pick<RoomServices, "limits" | "timers" | "refusals">;
}

export class RoomPresence {
  readonly #options: RoomPresenceOptions;
  #presence: Presence | undefined;

  constructor(options: RoomPresenceOptions) {
    this.#options = options;
  }

  /** @throws {ProtocolError} `malformed-message` */
  announce(member: Member, awarenessUpdate: Uint8Array): void {
    if (!member.standing.mayAnnounce) return;
    this.#presence ??= this.#create();
    this.#presence.announce(member, awarenessUpdate);
  }

  /** Sends `member` everybody's state but its own. */
  sendTo(member: Member): void {
    member.lacksPresence = false;
    const update = this.#presence?.snapshotFor(member);
    if (update) member.channel.send(member.channel.wire.presence(this.#options.roomNumber, update));
  }

  /** The same for one that went without some of it, because it had too much to read. */
  sendMissed(member: Member): void {
    if (member.lacksPresence) this.sendTo(member);
  }

  leave(member: Member): void {
    this.#presence?.leave(member);
  }

  close(): void {
    this.#presence?.close();
  }

  #create(): Presence {
    const { documentName, relay, ownership, services } = this.#options;
    const { limits, timers, refusals } = services;
    return new Presence({
      timers,
      limits,
      relay: (update, instead) => relay.presence(update, instead),
      mayUse: (clientId, member) => ownership.mayUse(clientId, member),
      use: (clientId, member) => ownership.use(clientId, member),
      refused: (reason) => refusals.note("presence", reason, { documentName }),
    });
  }
}
