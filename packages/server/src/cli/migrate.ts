/** `syncline migrate`: documents from other systems. */
import { type Command, Option } from "commander";
import type { ControlledDocuments } from "../adapters/control-routes.js";
import type { MigrationSource } from "../migration/source.js";
import { dataOption, type DataFlags } from "./flags.js";
import { interruptible } from "./interrupt.js";
import { bringIn, type MigrationTally } from "./migration.js";
import { withDocuments } from "./open-documents.js";
import { countOf, formatBytes, formatCount, formatRate, printable, printableName } from "./printable.js";
import { Progress } from "./progress.js";

interface YLeveldbFlags extends DataFlags {
  readonly names: "decoded" | "as-stored";
}

const after = `
Documents that exist already are skipped, so it can be interrupted and run again. Where they come from nothing is changed.
Exits with 1 when a document could not be brought over.`;

export function addMigrate(program: Command): void {
  const migrate = program
    .command("migrate")
    .description("bring documents over from y-leveldb, Hocuspocus or a y-websocket server")
    .addHelpText("after", after);
  migrate
    .command("y-leveldb")
    .description("from a directory of y-leveldb, as y-websocket's servers write it (YPERSISTENCE)")
    .argument("<directory>", "of a server that is stopped")
    .addOption(dataOption())
    .addOption(
      new Option("--names <how>", "y-websocket's servers store names percent-encoded; other programs may not")
        .choices(["decoded", "as-stored"])
        .default("decoded"),
    )
    .addHelpText("after", after)
    .action((directory: string, { data, names }: YLeveldbFlags) => run(data, () => sources.yLeveldb(directory, names)));
  migrate
    .command("hocuspocus-sqlite")
    .description("from a file of Hocuspocus' SQLite extension")
    .argument("<file>", "of a server that is stopped")
    .addOption(dataOption())
    .addHelpText("after", after)
    .action((file: string, { data }: DataFlags) => run(data, () => sources.hocuspocusSqlite(file)));
  migrate
    .command("websocket")
    .description("from a y-websocket server that runs, document by document")
    .argument("<url>", "what clients give their provider: ws:// or wss://, with ?token=… if it asks for one")
    .argument("<name...>", "documents")
    .addOption(dataOption())
    .addHelpText("after", after)
    .action((url: string, names: string[], { data }: DataFlags) => run(data, () => sources.webSocket(url, names)));
}

/** Loaded by who needs them: one brings a whole SQLite. */
const sources = {
  yLeveldb: async (directory: string, names: YLeveldbFlags["names"]) => {
    const { openYLeveldbSource } = await import("../migration/y-leveldb.js");
    return openYLeveldbSource(directory, { names });
  },
  hocuspocusSqlite: async (file: string) => {
    const { openHocuspocusSqliteSource } = await import("../migration/hocuspocus-sqlite.js");
    return openHocuspocusSqliteSource(file);
  },
  webSocket: async (url: string, names: readonly string[]) => {
    const { createWebSocketSource } = await import("../migration/websocket.js");
    return createWebSocketSource(url, names);
  },
};

async function run(data: string, openSource: () => Promise<MigrationSource>): Promise<void> {
  const startedAt = performance.now();
  const tally = await interruptible(async (signal) => {
    // First: a source that cannot be read leaves no empty data directory behind.
    const source = await openSource();
    // One that waits for a server need not be waited for.
    signal.addEventListener("abort", () => void source.close());
    try {
      return await withDocuments(data, (documents) => bringInVisibly(documents, source, signal), { mayCreate: true });
    } finally {
      await source.close();
    }
  });
  conclude(tally, performance.now() - startedAt);
}

async function bringInVisibly(
  documents: ControlledDocuments,
  source: MigrationSource,
  signal: AbortSignal,
): Promise<MigrationTally> {
  const progress = await Progress.begin({ one: "document", many: "documents", total: source.documentCount });
  let count = 0;
  try {
    return await bringIn(documents, source, {
      signal,
      onDocument: ({ readBytes }, name, remarks) => {
        progress.show(++count, readBytes);
        for (const remark of remarks) console.error(`${printableName(name)}: ${printable(remark)}`);
      },
    });
  } finally {
    progress.end();
  }
}

function conclude(tally: MigrationTally, elapsedMs: number): void {
  const { importedCount, existingCount, emptyCount, failedCount, leftOutUpdateCount, leftOutBytes, readBytes } = tally;
  const parts = [
    `${countOf(importedCount, "document")} brought over`,
    ...(existingCount > 0 ? [`${formatCount(existingCount)} skipped that exist`] : []),
    ...(emptyCount > 0 ? [`${formatCount(emptyCount)} skipped without content`] : []),
    ...(failedCount > 0 ? [`${formatCount(failedCount)} not brought over`] : []),
    ...(leftOutUpdateCount > 0 ? [`${countOf(leftOutUpdateCount, "update")} left out`] : []),
    ...(leftOutBytes > 0 ? [`${formatBytes(leftOutBytes)} left out that lean on something missing`] : []),
  ];
  console.log(`${parts.join(", ")}; read ${formatBytes(readBytes)}, ${formatRate(readBytes, elapsedMs)}`);
  if (failedCount > 0) process.exitCode = 1;
}
