/**
 * The rooms of this server: at most one per document, loaded when somebody needs it, let go when nobody does.
 * A client that comes while a room is on its way out gets that very room.
 */
import { checkDocumentName } from "@syncline/protocol";
import { Room } from "./room.js";
import type { RoomServices } from "./services.js";

interface Entry {
  readonly room: Promise<Room>;
  /** How many have opened it and not yet released it. */
  holderCount: number;
  cancelUnload: (() => void) | undefined;
}

/** How often a server that shuts down looks whether its rooms are settled. */
const settledPollMs = 5;

export class Rooms {
  readonly #services: RoomServices;
  readonly #entries = new Map<string, Entry>();
  #lastNumber = 0;

  constructor(services: RoomServices) {
    this.#services = services;
  }

  /** Rooms that are loaded or being loaded. */
  get count(): number {
    return this.#entries.size;
  }

  /**
   * The room of a document, which stays loaded until everybody who opened it has called `release`.
   *
   * @throws {ProtocolError} `invalid-document-name`
   * @throws what the store throws when it cannot be loaded; the next call tries again. Nothing is to be released then.
   */
  async open(documentName: string): Promise<Room> {
    checkDocumentName(documentName);
    const entry = this.#entries.get(documentName) ?? this.#load(documentName);
    // Counted before anything is awaited: a room that is just being unloaded sees it, and stays.
    entry.holderCount += 1;
    entry.cancelUnload?.();
    entry.cancelUnload = undefined;
    return entry.room;
  }

  /** Undoes one `open`. A room that nobody holds is unloaded after a while. */
  release(room: Room): void {
    const entry = this.#entries.get(room.documentName);
    if (!entry) return;
    entry.holderCount -= 1;
    if (entry.holderCount === 0) this.#unloadLater(entry, room);
  }

  /** Resolves when everything that rooms have received is on disk or refused, those included that are being loaded. */
  async settled(): Promise<void> {
    const { timers } = this.#services;
    for (;;) {
      const rooms = await Promise.all([...this.#entries.values()].map(({ room }) => room.catch(() => undefined)));
      // Whoever waited for a room to load has its turn first.
      await new Promise<void>((resolve) => timers.soon(resolve));
      if (rooms.every((room) => room === undefined || room.isSettled)) return;
      await new Promise<void>((resolve) => void timers.after(settledPollMs, resolve));
    }
  }

  /** Lets go of all rooms. */
  async close(): Promise<void> {
    for (const entry of this.#entries.values()) {
      entry.cancelUnload?.();
      const room = await entry.room.catch(() => undefined);
      room?.close();
    }
    this.#entries.clear();
  }

  #load(documentName: string): Entry {
    this.#lastNumber += 1;
    const room = Room.load(documentName, this.#lastNumber, this.#services);
    const entry: Entry = { room, holderCount: 0, cancelUnload: undefined };
    this.#entries.set(documentName, entry);
    // A failed load leaves nothing behind. Who waits for the promise hears of it.
    room.catch(() => this.#entries.delete(documentName));
    return entry;
  }

  #unloadLater(entry: Entry, room: Room): void {
    entry.cancelUnload = this.#services.timers.after(this.#services.limits.unloadAfterMs, () => {
      entry.cancelUnload = undefined;
      void this.#unload(entry, room);
    });
  }

  async #unload(entry: Entry, room: Room): Promise<void> {
    await room.compact();
    // Somebody came meanwhile; when they go, it is tried again.
    if (entry.holderCount > 0 || entry.cancelUnload) return;
    // A commit is on its way, or an update is being tried: look again when that may be over.
    if (!room.isSettled || room.isCompacting) return this.#unloadLater(entry, room);
    room.close();
    this.#entries.delete(room.documentName);
  }
}
