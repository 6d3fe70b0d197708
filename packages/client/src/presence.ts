/**
 * Keeps a y-protocols Awareness and a document's room in step: this client's state goes out, others' come in. Knows no
 * connection: what is sent while there is none is dropped, and announced on joining.
 */
import {
  applyAwarenessUpdate,
  encodeAwarenessUpdate,
  removeAwarenessStates,
  type Awareness,
} from "y-protocols/awareness";
import { SynclineError } from "./error.js";

export interface PresenceOptions {
  readonly awareness: Awareness;
  /** Origin of the changes that come from the server. */
  readonly origin: object;
  readonly send: (update: Uint8Array) => void;
  readonly onError: (error: SynclineError) => void;
}

/** What an Awareness says with its `update` event. */
interface AwarenessChange {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}

export class Presence {
  readonly #options: PresenceOptions;

  constructor(options: PresenceOptions) {
    this.#options = options;
    options.awareness.on("update", this.#onUpdate);
  }

  /** Tells the room of this client, with a newer clock than anything said before. */
  announce(): void {
    const { awareness } = this.#options;
    const state = awareness.getLocalState();
    if (state !== null) this.#guard(() => awareness.setLocalState(state));
  }

  /** Tells the room that this client leaves. Its state stays here, for a return. */
  sayGoodbye(): void {
    const { awareness, send } = this.#options;
    const clientId = awareness.clientID;
    const own = awareness.meta.get(clientId);
    if (!own || awareness.getLocalState() === null) return;
    // The clock is kept: a return with the same one would be taken for older news than the goodbye.
    const clock = own.clock + 1;
    awareness.meta.set(clientId, { ...own, clock });
    // Without a state in the map that is what it says.
    send(encodeAwarenessUpdate(awareness, [clientId], new Map()));
  }

  apply(update: Uint8Array): void {
    const { awareness, origin } = this.#options;
    this.#guard(() => applyAwarenessUpdate(awareness, update, origin));
  }

  /** This client goes on under another id. */
  rename(clientId: number): void {
    const { awareness } = this.#options;
    const state = awareness.getLocalState();
    this.#guard(() => removeAwarenessStates(awareness, [awareness.clientID], "local"));
    awareness.clientID = clientId;
    this.#guard(() => awareness.setLocalState(state));
  }

  /** Without a connection nobody else is known to be there. */
  forgetOthers(): void {
    const { awareness, origin } = this.#options;
    const others = Array.from(awareness.meta.keys()).filter((clientId) => clientId !== awareness.clientID);
    this.#guard(() => removeAwarenessStates(awareness, others, origin));
    // With its old clock remembered, someone who has not moved in the meantime would stay unseen after the return.
    for (const clientId of others) awareness.meta.delete(clientId);
  }

  destroy(): void {
    this.#options.awareness.off("update", this.#onUpdate);
  }

  readonly #onUpdate = ({ added, updated, removed }: AwarenessChange, cause: unknown): void => {
    const { awareness, origin, send } = this.#options;
    const { clientID } = awareness;
    if (cause === origin) {
      // The room was told that this client is gone (its former connection timed out, say): it is still here.
      if (removed.includes(clientID)) this.announce();
      return;
    }
    const isOwn = [added, updated, removed].some((clientIds) => clientIds.includes(clientID));
    if (isOwn) send(encodeAwarenessUpdate(awareness, [clientID]));
  };

  /** Observers of the application run inside these calls: what they throw must not end the connection. */
  #guard(change: () => void): void {
    try {
      change();
    } catch (cause) {
      this.#options.onError(new SynclineError("apply-failed", "A change of presence could not be applied", { cause }));
    }
  }
}
