/** Documents in a file of Hocuspocus' SQLite extension: a row each, `documents(name, data)`, data being one update. */
import { open, realpath, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import sqlite from "node-sqlite3-wasm";
import { messageOf, SynclineError } from "../error.js";
import { copyPrivately, type PrivateCopy } from "./private-copy.js";
import type { MigrationSource, SourceDocument } from "./source.js";

type Database = InstanceType<typeof sqlite.Database>;

/**
 * Opens a private copy of `file` and of its write-ahead log, if it has one; the file stays as it is.
 *
 * @throws {SynclineError} `invalid-option` when that is not such a file, `data-locked` when a server writes it or left a
 * transaction that SQLite has to roll back first, `data-corrupt` when SQLite cannot read it.
 */
export async function openHocuspocusSqliteSource(file: string): Promise<MigrationSource> {
  const original = await assertSqlite(file);
  await assertNoHotJournal(original);
  const name = basename(original);
  const copy = await copyPrivately(dirname(original), (fileName) => fileName === name || fileName === `${name}-wal`);
  let db: Database | undefined;
  try {
    db = new sqlite.Database(join(copy.directory, name), { readOnly: true, fileMustExist: true });
    // Without this SQLite wants shared memory for a write-ahead log, which it does not have here.
    db.exec("PRAGMA locking_mode = EXCLUSIVE");
    assertDocumentsTable(db, file);
    const documentCount = Number(db.get("SELECT count(*) AS n FROM documents")?.["n"]);
    return new HocuspocusSqliteSource(file, db, copy, documentCount);
  } catch (thrown) {
    db?.close();
    await copy.remove();
    throw translated(file, thrown);
  }
}

class HocuspocusSqliteSource implements MigrationSource {
  readonly documentCount: number;
  readonly #file: string;
  readonly #db: Database;
  readonly #copy: PrivateCopy;

  constructor(file: string, db: Database, copy: PrivateCopy, documentCount: number) {
    this.#file = file;
    this.#db = db;
    this.#copy = copy;
    this.documentCount = documentCount;
  }

  async *documents(): AsyncIterable<SourceDocument> {
    // A statement a row: none is left open when the consumer stops.
    for (let row = this.#rowAfter(beforeAllRows); row; row = this.#rowAfter(row.rowid)) yield row.document;
  }

  async close(): Promise<void> {
    if (this.#db.isOpen) this.#db.close();
    await this.#copy.remove();
  }

  #rowAfter(rowid: RowId): { readonly rowid: RowId; readonly document: SourceDocument } | undefined {
    if (!this.#db.isOpen) throw new SynclineError("closed", `${this.#file} was closed while it was being read`);
    try {
      const row = this.#db.get(nextRow, [rowid]);
      return row ? { rowid: row["rowid"] as RowId, document: documentIn(row) } : undefined;
    } catch (thrown) {
      throw translated(this.#file, thrown);
    }
  }
}

type RowId = number | bigint;
const beforeAllRows: RowId = -(2n ** 63n);

/** SQLite columns hold any type, and text any bytes; as blobs they come as they are. */
const nextRow = `SELECT rowid AS rowid, CAST(name AS BLOB) AS name, CAST(data AS BLOB) AS data
  FROM documents WHERE rowid > ? ORDER BY rowid LIMIT 1`;

function documentIn(row: Record<string, unknown>): SourceDocument {
  const [name, data] = [row["name"], row["data"]];
  return {
    name: name instanceof Uint8Array ? new TextDecoder("utf-8", { ignoreBOM: true }).decode(name) : "",
    updates: data instanceof Uint8Array && data.length > 0 ? [data] : [],
  };
}

function assertDocumentsTable(db: Database, file: string): void {
  const columns = db.all("SELECT name FROM pragma_table_info('documents')").map((row) => row["name"]);
  if (columns.includes("name") && columns.includes("data")) return;
  const tables = db.all("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name LIMIT 10");
  const found = tables.length === 0 ? "it has no tables" : `its tables: ${tables.map((row) => row["name"]).join(", ")}`;
  throw new SynclineError(
    "invalid-option",
    `${file} has no table documents(name, data) as Hocuspocus makes it (${found})`,
  );
}

const sqliteHeader = new TextEncoder().encode("SQLite format 3\0");

/** Resolves with the path that all links lead to: SQLite's other files lie there. */
async function assertSqlite(file: string): Promise<string> {
  let original: string;
  let start: Uint8Array;
  try {
    original = await realpath(file);
    start = await firstBytes(original, sqliteHeader.length);
  } catch (cause) {
    throw new SynclineError("invalid-option", `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
  if (sqliteHeader.every((byte, index) => start[index] === byte)) return original;
  throw new SynclineError("invalid-option", `${file} is not an SQLite file, or it is encrypted: decrypt it first`);
}

/**
 * A journal that was not deleted nor blanked holds what a transaction overwrote when it was cut off. The SQLite used here
 * takes such a transaction for complete (its lock is of another kind), so it must not see one.
 */
async function assertNoHotJournal(file: string): Promise<void> {
  const journal = `${file}-journal`;
  const size = await stat(journal).then(
    (stats) => stats.size,
    () => 0,
  );
  if (size === 0 || (await firstBytes(journal, 1))[0] === 0) return;
  const message =
    `${file} holds a transaction that was cut off (${journal}); ` +
    `stop the server if it runs, else start and stop it once, or run: sqlite3 ${file} "PRAGMA quick_check"`;
  throw new SynclineError("data-locked", message);
}

async function firstBytes(file: string, byteCount: number): Promise<Uint8Array> {
  const handle = await open(file);
  try {
    const bytes = new Uint8Array(byteCount);
    const { bytesRead } = await handle.read(bytes, 0, byteCount, 0);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

function translated(file: string, thrown: unknown): SynclineError {
  if (thrown instanceof SynclineError) return thrown;
  const message = `cannot read ${file}: ${messageOf(thrown)}; stop the server that writes it, or restore it from a backup`;
  return new SynclineError("data-corrupt", message, { cause: thrown });
}
