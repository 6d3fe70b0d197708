/** A server on a LevelDB whose disk can be made to fail, and what its clients and its log say. */
import type { DocumentAccess } from "@syncline/client";
import { LevelStorage, startServer, type ServerOptions, type SynclineServer, type Timers } from "@syncline/server";
import {
  KeyValueStorage,
  LevelKeyValueStore,
  openLevelDatabase,
  assertFormat,
  type KeyValueStore,
} from "@syncline/server/engine";
import { onTestFinished } from "vitest";
import { whenConnectionCloses, type Client, type SynclineClient } from "./clients.js";
import { FaultyStore } from "./faulty-store.js";
import { tempDirectory } from "./temp-directory.js";

export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class LogLines {
  readonly lines: LogLine[] = [];
  readonly debug = this.#writer("debug");
  readonly info = this.#writer("info");
  readonly warn = this.#writer("warn");
  readonly error = this.#writer("error");
  #watchers: (() => void)[] = [];

  having(text: RegExp): LogLine[] {
    return this.lines.filter(({ message, fields }) => text.test(`${message} ${JSON.stringify(fields)}`));
  }

  async says(text: RegExp): Promise<LogLine> {
    for (;;) {
      const [line] = this.having(text);
      if (line) return line;
      await new Promise<void>((resolve) => this.#watchers.push(resolve));
    }
  }

  #writer(level: LogLine["level"]) {
    return (fields: object, message: string) => {
      this.lines.push({ level, message, fields: { ...fields } });
      for (const look of this.#watchers.splice(0)) look();
    };
  }
}

export interface FaultyServer {
  readonly server: SynclineServer;
  readonly url: string;
  readonly store: FaultyStore;
  readonly log: LogLines;
  readonly directory: string;
  /** Closes it, with its disk healed. */
  readonly close: () => Promise<void>;
}

/** A server on a new LevelDB, or on that in `directory`. It ends with the test. */
export async function faultyServer(
  options: Omit<ServerOptions, "data"> = {},
  directory?: string,
): Promise<FaultyServer> {
  const where = directory ?? (await tempDirectory());
  // As a server starts: what is damaged of the files is seen to first.
  const log = new LogLines();
  await (
    await LevelStorage.open(where, { onMend: (problem) => log.warn({ problem }, "the store was mended") })
  ).close();
  return serverOn(new LevelKeyValueStore(await openLevelDatabase(where)), options, { directory: where, log });
}

export async function serverOn(
  disk: KeyValueStore,
  options: Omit<ServerOptions, "data"> = {},
  { directory = "", log = new LogLines() } = {},
): Promise<FaultyServer> {
  const store = new FaultyStore(disk);
  await assertFormat(store, directory);
  const data = new KeyValueStorage(store, { durability: "fsync" });
  const server = await startServer({ port: 0, logger: log, ...options, data });
  const close = async () => {
    store.heal();
    await server.close();
  };
  onTestFinished(close);
  return { server, url: server.url, store, log, directory, close };
}

/** Ten times as fast as time: for what takes seconds by design. */
export const fastTimers: Timers = {
  now: () => performance.now() * 10,
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs / 10);
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
};

/** Resolves with what the client may do once that is `level`. */
export async function hasAccess(
  { provider }: SynclineClient,
  level: DocumentAccess["level"],
  reason = /./,
): Promise<DocumentAccess> {
  const fits = (access: DocumentAccess) => access.level === level && (level === "write" || reason.test(access.reason));
  if (fits(provider.access)) return provider.access;
  return new Promise((resolve) => provider.on("access", (access) => fits(access) && resolve(access)));
}

/** Resolves with the code with which the server next closes the client's connection. */
export function closeCode({ provider }: Client): Promise<number> {
  return new Promise((resolve) => whenConnectionCloses(provider, (code) => code !== undefined && resolve(code)));
}

/** Resolves with the code with which the provider stops for good. */
export function stopped({ provider }: SynclineClient): Promise<number> {
  return new Promise((resolve) => provider.on("closed", ({ code }) => resolve(code)));
}

/** Names of the documents that the server lists. */
export async function listed({ documents }: SynclineServer): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of documents.list()) names.push(name);
  return names.sort();
}
