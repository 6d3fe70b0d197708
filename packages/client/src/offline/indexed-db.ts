/** `indexedDb()`, for the `offline` option of a provider, and the deletion of what it stores. */
import { SynclineError } from "../error.js";
import type { OpenLocalCopy } from "../local-copy.js";
import { findPageEventTarget, type PageEventTarget } from "../page-events.js";
import { systemTiming, type Timing } from "../timing.js";
import { deleteDatabase } from "./database.js";
import { IndexedDbCopy } from "./indexed-db-copy.js";

export interface OfflineOptions {
  /**
   * The name of a document's database. Two applications, or two servers, on one origin that name documents alike need
   * names that differ: `(name, serverUrl) => ...`. Without, they never mix what a Syncline server has seen, for its
   * generations tell documents apart, but one takes the other's place.
   *
   * @default the document's name, as in y-indexeddb: what that stored is found
   */
  readonly databaseName?: (documentName: string, serverUrl: string) => string;
  /** @default the runtime's; without one, the document is kept in memory and an error says so */
  readonly indexedDB?: IDBFactory;
  /**
   * Asks the person before the page is left while edits made here are in memory only. A function narrows it, to edits the
   * server does not have either: `() => provider.hasUnsyncedChanges`.
   *
   * @default false
   */
  readonly warnBeforeUnload?: boolean | (() => boolean);
  /**
   * How long the document waits for the database to open and be read. After that it does without, until it does open.
   *
   * @default 3000
   */
  readonly openTimeoutMs?: number;
  /** @default the runtime's clock and timers */
  readonly timing?: Timing;
  /** What hears `beforeunload`. @default the global object, where it has events */
  readonly pageEvents?: PageEventTarget | null;
}

export interface ClearOptions extends Pick<OfflineOptions, "databaseName" | "indexedDB" | "openTimeoutMs" | "timing"> {
  /** What `databaseName` is given. @default "" */
  readonly serverUrl?: string;
}

const defaultTimeoutMs = 3_000;

/**
 * Keeps documents in this browser's IndexedDB, in the layout of y-indexeddb 9: each edit at once, in any number of tabs.
 * Importing and calling it touches nothing of the browser.
 *
 *     new SynclineProvider(url, "notes", doc, { offline: indexedDb() });
 *
 * Without a provider: what is returned opens a copy. Its callbacks must not throw; `destroy()` it, or the document, in the end.
 *
 *     const open = indexedDb();
 *     const copy = open({ doc, documentName: "notes", serverUrl: "", onState: console.log, onError: console.error });
 *     await copy.loaded;
 */
export function indexedDb(options: OfflineOptions = {}): OpenLocalCopy {
  const { databaseName = byDocument, warnBeforeUnload = false, openTimeoutMs = defaultTimeoutMs } = options;
  return (copyOptions) => {
    const { pageEvents = findPageEventTarget() } = options;
    return new IndexedDbCopy({
      ...copyOptions,
      databaseName: databaseName(copyOptions.documentName, copyOptions.serverUrl),
      findFactory: () => findFactory(options),
      openTimeoutMs,
      pageEvents: warnBeforeUnload === false ? null : pageEvents,
      shouldWarnBeforeUnload: typeof warnBeforeUnload === "function" ? warnBeforeUnload : () => true,
      timing: options.timing ?? systemTiming,
    });
  };
}

/**
 * Deletes what this browser stores of a document; what was not sent is lost. Copies that are open, in any tab, go on in
 * memory and report `storage-replaced`.
 *
 * @throws {SynclineError} `storage-failed` when there is no IndexedDB, it fails, or another tab does not let go in time;
 * in the last case it is deleted once that tab does
 */
export async function clearOffline(documentName: string, options: ClearOptions = {}): Promise<void> {
  const { databaseName = byDocument, serverUrl = "" } = options;
  const { timing = systemTiming, openTimeoutMs = defaultTimeoutMs } = options;
  let cancelTimer = () => {};
  await new Promise<void>((resolve, reject) => {
    const fail = (cause: unknown) =>
      reject(new SynclineError("storage-failed", `"${documentName}" was not deleted: ${String(cause)}`, { cause }));
    const factory = findFactory(options);
    if (!factory) return fail("there is no IndexedDB here");
    cancelTimer = timing.setTimer(() => fail("another tab still uses it"), openTimeoutMs);
    deleteDatabase(factory, databaseName(documentName, serverUrl)).then(resolve, fail);
  }).finally(() => cancelTimer());
}

function byDocument(documentName: string): string {
  return documentName;
}

function findFactory({ indexedDB }: Pick<OfflineOptions, "indexedDB">): IDBFactory | undefined {
  return indexedDB ?? globalThis.indexedDB;
}
