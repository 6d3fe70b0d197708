/** One document of a campaign: who writes in it, what they were told, and whether it should be there at all. */
import type { Random } from "../fixtures/random.js";
import { edit } from "./edits.js";
import type { Reading } from "./fresh-reader.js";
import { Promises, type Loss } from "./promises.js";
import { dialects, SynclineWriter, Writer, type WriterOptions } from "./writer.js";

export type Existence =
  | { readonly kind: "live" }
  /** A delete, or a recreate, was asked for and not reported done: it may have happened or not, but not by half. */
  | { readonly kind: "deleting" | "recreating" }
  | { readonly kind: "deleted" };

export type CampaignDocumentOptions = Omit<WriterOptions, "dialect" | "promises"> & {
  readonly documentName: string;
  readonly random: Random;
  /** A large paste makes a large snapshot, which puts off the next one: not in every document. */
  readonly mayPaste: boolean;
};

const writersPerDialect = 2;

/** Close codes with which a server refuses a document that was deleted, or content of an earlier generation. */
const deletedCode = 4404;
const generationMismatchCode = 4409;

export class CampaignDocument {
  readonly documentName: string;
  existence: Existence = { kind: "live" };
  readonly #options: CampaignDocumentOptions;
  #promises: Promises;
  /** Of generations that were deleted. */
  readonly #former: Promises[] = [];
  #writers: Writer[] = [];
  /** Clients with content of a generation that was deleted: they must not be let in. */
  #ghosts: Writer[] = [];

  constructor(options: CampaignDocumentOptions) {
    this.documentName = options.documentName;
    this.#options = options;
    this.#promises = new Promises(options.documentName);
  }

  get writers(): readonly Writer[] {
    return this.#writers;
  }

  get isDeleted(): boolean {
    return this.existence.kind === "deleted";
  }

  /** It is there, and something in it is known to be on disk. */
  get isWritten(): boolean {
    return this.existence.kind === "live" && !this.#promises.isEmpty;
  }

  get allPromises(): readonly Promises[] {
    return [...this.#former, this.#promises];
  }

  get synclineWriters(): SynclineWriter[] {
    return this.#writers.filter((writer) => writer instanceof SynclineWriter);
  }

  /** Of both dialects, as many of each. */
  addWriters(): void {
    for (let count = 0; count < writersPerDialect; count++) for (const dialect of dialects) this.#addWriter(dialect);
  }

  /** One leaves for good; a new one takes its place, with an empty document. */
  replaceWriter(): void {
    const { random } = this.#options;
    const index = random.int(this.#writers.length);
    const [gone] = this.#writers.splice(index, 1);
    gone?.destroy();
    this.#addWriter(gone instanceof SynclineWriter ? "syncline" : "y-websocket");
  }

  edit(): void {
    if (this.existence.kind !== "live") return;
    const { random, mayPaste } = this.#options;
    edit(random.pick(this.#writers).doc, random, { mayPaste });
  }

  /**
   * Also those that a deleted document has sent away: they are to be sent away again. Nobody while it is being made anew,
   * when either answer would be right.
   */
  connectAll(): void {
    if (this.existence.kind === "recreating") return;
    for (const writer of this.#writers) if (this.isDeleted || !writer.closedWith) writer.connect();
    for (const ghost of this.#ghosts) ghost.connect();
  }

  disconnectAll(): void {
    for (const writer of this.#writers) writer.disconnect();
  }

  /** Nobody comes any more; what was promised stays promised. */
  destroy(): void {
    for (const writer of [...this.#writers, ...this.#ghosts]) writer.destroy();
    this.#writers = [];
    this.#ghosts = [];
  }

  /** Compares what a fresh client read after a kill with what was promised, and settles what was left open. */
  check(reading: Reading): Loss | undefined {
    if (reading.kind === "interrupted") return this.#loss("a fresh client got no answer");
    const former = this.#former.some((promises) => reading.kind === "read" && promises.isIn(reading.doc));
    if (former) return this.#loss("content of a generation that was deleted is back");
    switch (this.existence.kind) {
      case "live":
        return this.#checkLive(reading);
      case "deleting":
        return reading.kind === "refused" ? this.#checkDeleted(reading) : this.#checkLive(reading);
      case "deleted":
        return this.#checkDeleted(reading);
      case "recreating":
        return reading.kind === "refused" ? this.#checkDeleted(reading) : this.#checkLive(reading);
    }
  }

  /** Why a writer was sent away for good from a document that is there, or a ghost was let in. */
  get surprise(): string | undefined {
    const closed = this.#writers.find((writer) => writer.closedWith)?.closedWith;
    if (closed && this.existence.kind === "live") {
      return `${this.documentName}: a writer was closed with ${closed.code}, ${closed.reason}`;
    }
    if (this.#ghosts.some((ghost) => ghost.isSynced))
      return `${this.documentName}: a client with deleted content was let in`;
    return undefined;
  }

  /** The document is made anew: other writers, nothing promised. Who still holds the old content stays about as a ghost. */
  beginAnew(): void {
    const mayStay = (writer: Writer) => writer instanceof SynclineWriter && writer.wasTold;
    // Stock clients cannot tell generations apart: docs/PROTOCOL.md protects from them while the tombstone lasts.
    for (const writer of [...this.#ghosts, ...this.#writers.filter((writer) => !mayStay(writer))]) writer.destroy();
    this.#ghosts = this.#writers.filter(mayStay);
    this.#former.push(this.#promises);
    this.#promises = new Promises(this.documentName);
    this.#writers = [];
    this.addWriters();
  }

  #addWriter(dialect: (typeof dialects)[number]): void {
    this.#writers.push(Writer.create({ ...this.#options, dialect, promises: this.#promises }));
  }

  #checkLive(reading: Reading): Loss | undefined {
    this.existence = { kind: "live" };
    if (reading.kind === "read") return this.#promises.check(reading.doc);
    return this.#loss(
      `a fresh client was ${reading.kind === "refused" ? `refused with ${reading.code}` : "not answered"}`,
    );
  }

  #checkDeleted(reading: Reading): Loss | undefined {
    this.existence = { kind: "deleted" };
    const isRefused = reading.kind === "refused" && [deletedCode, generationMismatchCode].includes(reading.code);
    return isRefused ? undefined : this.#loss("it was reported deleted, and a fresh client was let in");
  }

  #loss(reason: string): Loss {
    return { documentName: this.documentName, reason };
  }
}
