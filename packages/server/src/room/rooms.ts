/**
 * The rooms of this server: at most one per document, loaded when somebody needs it, let go when nobody does.
 * A client that comes while a room is on its way out gets that very room; one that comes while the document is being
 * deleted or repaired waits until that is done.
 */
import { access, checkStoredDocumentName, closeCodes } from "@syncline/protocol";
import { messageOf, SynclineError } from "../error.js";
import { Room } from "./room.js";
import type { Ending } from "./room-state.js";
import { isDamage } from "./damage.js";
import { type Problem, repairDocument } from "./repair.js";
import type { RoomServices } from "./services.js";

interface Entry {
  readonly loading: Promise<Room>;
  /** Once it is loaded. */
  room: Room | undefined;
  /** How many have opened it and not yet released it. */
  holderCount: number;
  cancelUnload: (() => void) | undefined;
}

const beingRepaired: Ending = {
  code: closeCodes.unavailable,
  reason: "the document is being repaired; come back in a moment",
};

const interrupted: Ending = {
  code: closeCodes.unavailable,
  reason: "the document was out of use for a moment; come back",
};

/** How often a server that shuts down looks whether its rooms are settled. */
const settledPollMs = 5;

export class Rooms {
  readonly #services: RoomServices;
  readonly #entries = new Map<string, Entry>();
  /** Documents that nobody may open at the moment, each until its promise resolves. */
  readonly #reserved = new Map<string, Promise<void>>();
  #lastNumber = 0;
  /** One for all rooms. */
  readonly #onDamage = (room: Room, error: Error) => void this.#damaged(room, error);

  constructor(services: RoomServices) {
    this.#services = services;
  }

  /** Rooms that are loaded or being loaded. */
  get count(): number {
    return this.#entries.size;
  }

  /** Rooms whose documents are degraded: something of them was damaged and set aside. */
  get degradedCount(): number {
    return this.#loaded.filter((room) => room.isDegraded).length;
  }

  /** Rooms that take no edits because the store refuses writes. */
  get readOnlyCount(): number {
    return this.#loaded.filter((room) => room.access.level === access.read).length;
  }

  /**
   * The room of a document, which stays loaded until everybody who opened it has called `release`.
   *
   * @throws {ProtocolError} `invalid-document-name`
   * @throws {DocumentDeleted}
   * @throws what the store throws when it cannot be loaded; the next call tries again. Nothing is to be released then.
   */
  async open(documentName: string): Promise<Room> {
    // Which of them a client may ask for was looked at before; administration may open all.
    checkStoredDocumentName(documentName);
    for (let other; (other = this.#reserved.get(documentName));) await other;
    const entry = this.#entries.get(documentName) ?? this.#load(documentName);
    // Counted before anything is awaited: a room that is just being unloaded sees it, and stays.
    entry.holderCount += 1;
    entry.cancelUnload?.();
    entry.cancelUnload = undefined;
    return entry.loading;
  }

  /** Undoes one `open`. A room that nobody holds is unloaded after a while. */
  release(room: Room): void {
    const entry = this.#entries.get(room.documentName);
    // It was ended, and may have been loaded anew.
    if (entry?.room !== room) return;
    entry.holderCount -= 1;
    if (entry.holderCount === 0) this.#unloadLater(entry, room);
  }

  /**
   * Takes the document's room out of use, if there is one, and runs `work` while nobody can open the document. Whoever tries
   * meanwhile waits for it. One at a time for each document. The room's members are told `ending` when `work` is done; when
   * it fails nothing has happened, and they come back by themselves.
   */
  async exclusively<Result>(documentName: string, ending: Ending, work: () => Promise<Result>): Promise<Result> {
    for (let other; (other = this.#reserved.get(documentName));) await other;
    let free: () => void = () => undefined;
    this.#reserved.set(documentName, new Promise<void>((resolve) => (free = resolve)));
    let room: Room | undefined;
    let outcome = interrupted;
    try {
      room = await this.#takeOut(documentName);
      const result = await work();
      // It is another document now; a repaired one is not, nor one that was only read anew.
      if (ending !== beingRepaired) this.#services.keptClaims.forget(documentName);
      outcome = ending;
      return result;
    } finally {
      room?.dismiss(outcome);
      this.#reserved.delete(documentName);
      free();
    }
  }

  /**
   * Makes a document anew from what of it can be used, and resolves with what cannot. Its members are sent away and come
   * back to the repaired one.
   */
  async repair(documentName: string, damage?: Error): Promise<readonly Problem[]> {
    return this.exclusively(documentName, beingRepaired, () => this.#repair(documentName, damage));
  }

  /**
   * Resolves when everything that rooms have received is on disk or refused, those included that are being loaded; or when
   * `signal` says that nobody waits any more.
   */
  async settled(signal?: AbortSignal): Promise<void> {
    const { timers } = this.#services;
    while (!signal?.aborted) {
      const rooms = await Promise.all([...this.#entries.values()].map(({ loading }) => loading.catch(() => undefined)));
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
      const room = await entry.loading.catch(() => undefined);
      room?.close();
    }
    this.#entries.clear();
  }

  get #loaded(): Room[] {
    return [...this.#entries.values()].flatMap(({ room }) => room ?? []);
  }

  #load(documentName: string): Entry {
    this.#lastNumber += 1;
    const loading = this.#loadSound(documentName, this.#lastNumber);
    const entry: Entry = { loading, room: undefined, holderCount: 0, cancelUnload: undefined };
    this.#entries.set(documentName, entry);
    loading.then(
      (room) => (entry.room = room),
      // A failed load leaves nothing behind. Who waits for the promise hears of it.
      () => this.#entries.delete(documentName),
    );
    return entry;
  }

  /** Repairs what is damaged first: a bad record does not take the document. */
  async #loadSound(documentName: string, number: number): Promise<Room> {
    const load = () => Room.load({ documentName, number, services: this.#services, onDamage: this.#onDamage });
    try {
      return await load();
    } catch (thrown) {
      if (!isDamage(thrown)) throw thrown;
      await this.#repair(documentName, thrown);
      return load();
    }
  }

  /** A room that is in use turned out to hold what cannot be applied. */
  async #damaged(room: Room, error: Error): Promise<void> {
    const { documentName } = room;
    // Every member that is sent the document meets the same damage; and the room may be out of use already.
    if (this.#reserved.has(documentName) || this.#entries.get(documentName)?.room !== room) return;
    try {
      await this.repair(documentName, error);
    } catch (thrown) {
      const fields = { documentName, error: messageOf(thrown) };
      this.#services.logger.error(fields, "a damaged document could not be repaired; it stays as it is");
    }
  }

  async #repair(documentName: string, damage: Error | undefined): Promise<readonly Problem[]> {
    const { logger } = this.#services;
    logger.error({ documentName, damage: damage?.message }, "a document is being repaired");
    const { problems, isMended } = await repairDocument(documentName, this.#services);
    if (isMended) this.#reloadOthers(documentName);
    const setAside = problems.map(({ origin, reason, bytes }) => ({ origin, reason, byteCount: bytes.length }));
    logger.error({ documentName, setAside }, "a document was repaired; what could not be used is in its quarantine");
    return problems;
  }

  /** What they hold in memory may not be on the disk any more. Who had them open comes back, and brings what is missing. */
  #reloadOthers(documentName: string): void {
    for (const name of [...this.#entries.keys()]) {
      if (name === documentName) continue;
      this.exclusively(name, beingRepaired, async () => undefined).catch((thrown: unknown) => {
        const fields = { documentName: name, error: messageOf(thrown) };
        this.#services.logger.error(fields, "a document could not be read anew after the store was mended");
      });
    }
  }

  async #takeOut(documentName: string): Promise<Room | undefined> {
    const entry = this.#entries.get(documentName);
    if (!entry) return undefined;
    const room = await entry.loading.catch(() => undefined);
    if (this.#entries.get(documentName) !== entry) return undefined;
    // What it has admitted would be lost, and the work would not succeed either.
    if (room && !room.isSettled && !this.#services.commitQueue.isHealthy) {
      throw new SynclineError("data-unusable", "the store refuses writes at the moment; try again when it takes them");
    }
    this.#entries.delete(documentName);
    entry.cancelUnload?.();
    await room?.stop(interrupted);
    return room;
  }

  #unloadLater(entry: Entry, room: Room): void {
    entry.cancelUnload = this.#services.timers.after(this.#services.limits.unloadAfterMs, () => {
      entry.cancelUnload = undefined;
      void this.#unload(entry, room);
    });
  }

  async #unload(entry: Entry, room: Room): Promise<void> {
    await room.compact();
    // Somebody came meanwhile, and when they go it is tried again; or it was ended.
    if (entry.holderCount > 0 || entry.cancelUnload || room.ending) return;
    // A commit is on its way, or an update is being tried: look again when that may be over.
    if (!room.isSettled || room.isCompacting) return this.#unloadLater(entry, room);
    room.close();
    this.#entries.delete(room.documentName);
  }
}
