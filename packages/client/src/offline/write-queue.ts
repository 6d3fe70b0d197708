/**
 * What is to be written to an open database, and in which order it may be. An edit does not wait for those before it; a
 * position waits for all of them, for it claims them. Ends with the first transaction that fails: what is missing then is
 * found by reading the database again.
 */
import * as Y from "yjs";
import { mergeInOrder } from "../content.js";
import type { Timing } from "../timing.js";
import type { RememberedPosition } from "./remembered-position.js";
import { compactDocument, restartDocument, writeDocument } from "./stored-document.js";

export interface WriteQueueOptions {
  readonly db: IDBDatabase;
  readonly doc: Y.Doc;
  /** Of the rows that the document was last one with; `undefined`: it never was. */
  readonly epoch: number | undefined;
  /** `Infinity`: they are to be compacted, however many. */
  readonly rowCount: number;
  readonly position: RememberedPosition;
  readonly timing: Timing;
  /** Everything is stored. */
  readonly onIdle: () => void;
  readonly onRestarted: (epoch: number) => void;
  /** Called at most once. Nothing is written any more. A ConstraintError: another tab replaced what is stored. */
  readonly onFailed: (cause: unknown) => void;
}

/** More are merged into few. */
const maxRowCount = 200;
/** Beyond this, edits are gathered. */
const maxInFlight = 4;
/** A transaction that takes longer is not going to end. */
const transactionTimeoutMs = 30_000;

export class WriteQueue {
  readonly #options: WriteQueueOptions;
  #epoch: number | undefined;
  #updates: Uint8Array[] = [];
  #hasOwnEdits = false;
  #restartsWanted = 0;
  #restartsDone = 0;
  /** Transactions whose outcome is not known. */
  #inFlightCount = 0;
  #rowCount: number;
  #isStopped = false;

  constructor(options: WriteQueueOptions) {
    this.#options = options;
    this.#epoch = options.epoch;
    this.#rowCount = options.rowCount;
  }

  get isIdle(): boolean {
    return this.#inFlightCount === 0 && !this.#hasWork;
  }

  /** Written together with whatever else this task brings. */
  add(update: Uint8Array, isOwnEdit: boolean): void {
    this.#hasOwnEdits ||= isOwnEdit;
    if (this.#updates.push(update) === 1) queueMicrotask(() => this.run());
  }

  /** What the document holds takes the place of what is stored; after this task, which may still tell its position. */
  restart(): void {
    this.#restartsWanted++;
    queueMicrotask(() => this.run());
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** Starts what there is to start. */
  run(): void {
    if (this.#isStopped) return;
    const isAlone = this.#inFlightCount === 0;
    const mustBeAlone = this.#isRestarting || this.#options.position.isDue;
    if (this.#inFlightCount >= (mustBeAlone ? 1 : maxInFlight)) return;
    if (this.#hasWork) return this.#perform(this.#isRestarting ? this.#restart() : this.#write(isAlone));
    if (!isAlone) return;
    this.#options.onIdle();
    if (this.#rowCount > maxRowCount) this.#perform(this.#compact());
  }

  get #hasWork(): boolean {
    return this.#updates.length > 0 || this.#isRestarting || this.#options.position.isDue;
  }

  get #isRestarting(): boolean {
    return this.#restartsWanted > this.#restartsDone;
  }

  async #write(isAlone: boolean): Promise<void> {
    const { db, position: remembered } = this.#options;
    const position = isAlone ? remembered.take() : undefined;
    const durability = this.#hasOwnEdits ? "strict" : "relaxed";
    await writeDocument(db, { epoch: this.#epoch ?? 0, update: this.#takeUpdate(), position, durability });
    remembered.written(position);
  }

  async #restart(): Promise<void> {
    const { db, doc, position: remembered, onRestarted } = this.#options;
    const [position, wanted] = [remembered.take(), this.#restartsWanted];
    this.#takeUpdate();
    const update = Y.encodeStateAsUpdate(doc);
    this.#epoch = await restartDocument(db, { epoch: this.#epoch, update, position });
    remembered.written(position);
    this.#restartsDone = wanted;
    if (!this.#isRestarting && !this.#isStopped) onRestarted(this.#epoch);
  }

  async #compact(): Promise<void> {
    this.#rowCount = 0;
    const { db, doc } = this.#options;
    await compactDocument(db, { epoch: this.#epoch ?? 0, doc, maxRowCount });
  }

  #takeUpdate(): Uint8Array | undefined {
    const updates = this.#updates;
    this.#updates = [];
    this.#hasOwnEdits = false;
    this.#rowCount++;
    return updates.length > 0 ? mergeInOrder(updates) : undefined;
  }

  #perform(transaction: Promise<void>): void {
    const fail = (cause: unknown) => {
      if (this.#isStopped) return;
      this.#isStopped = true;
      this.#options.onFailed(cause);
    };
    const onTimeout = () => fail("the database does not answer");
    const cancelTimer = this.#options.timing.setTimer(onTimeout, transactionTimeoutMs);
    this.#inFlightCount++;
    const done = () => {
      this.#inFlightCount--;
      this.run();
    };
    transaction.then(done, fail).finally(cancelTimer);
  }
}
