/** A room without a network: what one does is with all others at once. For tests of bots. */
import * as Y from "yjs";
import type { Membership } from "../src/bots/bot.js";

type PresenceState = Readonly<Record<string, unknown>>;

export class MemoryRoom {
  /** By client id. */
  readonly presence = new Map<number, PresenceState>();
  readonly #docs = new Set<Y.Doc>();
  /** Of everybody, since it was last set. */
  editCount = 0;
  presenceCount = 0;
  /** What the server would do with `whenDurable`. */
  durable: () => Promise<void> = async () => {};
  isSynced = true;

  visit(): Y.Doc {
    const doc = new Y.Doc();
    const [other] = this.#docs;
    if (other) Y.applyUpdate(doc, Y.encodeStateAsUpdate(other), "room");
    this.#docs.add(doc);
    doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === "room") return;
      this.editCount += 1;
      for (const each of this.#docs) if (each !== doc) Y.applyUpdate(each, update, "room");
    });
    return doc;
  }

  /** For one bot. */
  readonly join = (): Membership => {
    const doc = this.visit();
    const isSynced = () => this.isSynced;
    return {
      doc,
      awareness: {
        setLocalState: (state) => this.#setPresence(doc.clientID, state),
        getStates: () => new Map(this.presence),
      },
      get isSynced() {
        return isSynced();
      },
      whenDurable: () => this.durable(),
      leave: () => void this.#docs.delete(doc),
    };
  };

  #setPresence(clientId: number, state: PresenceState | null): void {
    this.presenceCount += 1;
    if (state) this.presence.set(clientId, JSON.parse(JSON.stringify(state)) as PresenceState);
    else this.presence.delete(clientId);
  }
}
