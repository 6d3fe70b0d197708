/** A client in a room, and what it was told, a line each. For tests. */
import type { Member } from "../src/room/member.js";
import type { Room } from "../src/room/room.js";
import { anybody, type Standing } from "../src/room/standing.js";
import { quietChannel } from "./quiet-channel.js";

export class ToldClient {
  readonly told: string[] = [];
  readonly member: Member;
  readonly #room: Room;
  #n = 0;

  constructor(room: Room, standing: Standing = anybody) {
    this.#room = room;
    const channel = quietChannel({
      ask: () => void this.told.push("ask"),
      ack: (n, _clock, level) => void (level === 2 && this.told.push(`ack ${n}`)),
      setAccess: (level) => void this.told.push(`access ${level}`),
      reject: (n, code, why) => void this.told.push(`reject ${n} ${code} ${why}`),
      leave: (code, why) => void this.told.push(`leave ${code} ${why}`),
    });
    this.member = room.join(channel, { clientId: 0, standing });
  }

  /** By a client that counts its updates. */
  counts(...updates: readonly Uint8Array[]): void {
    for (const update of updates) this.#room.receive(this.member, { update, n: ++this.#n });
  }

  /** By one that does not. */
  says(...updates: readonly Uint8Array[]): void {
    for (const update of updates) this.#room.receive(this.member, { update, n: 0 });
  }
}
