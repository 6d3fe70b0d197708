/** `syncline backup`: all documents as they are at one moment, in a directory that a server can be started on. */
import { resolve } from "node:path";
import type { Command } from "commander";
import { copyRevocations } from "../adapters/revocation-file.js";
import { dataOption, type DataFlags } from "./flags.js";
import { interruptible } from "./interrupt.js";
import { withDocuments } from "./open-documents.js";
import { countOf, formatBytes } from "./printable.js";
import { Progress } from "./progress.js";

const after = `
The server goes on meanwhile. The directory is there once it is complete; what an interrupted backup leaves
(<directory>.unfinished) is replaced by the next. To restore: syncline serve --data <directory>`;

export function addBackup(program: Command): void {
  program
    .command("backup")
    .description("copy all documents, as they are at this moment")
    .argument("<directory>", "where to; new or empty")
    .addOption(dataOption())
    .addHelpText("after", after)
    .action(backUp);
}

async function backUp(to: string, { data }: DataFlags): Promise<void> {
  const directory = resolve(to);
  let last = { entryCount: 0, byteCount: 0 };
  await interruptible((signal) =>
    withDocuments(data, async (documents) => {
      const progress = await Progress.begin({ one: "entry", many: "entries" });
      try {
        await documents.backUp(directory, (reached) => {
          signal.throwIfAborted();
          last = reached;
          progress.show(reached.entryCount, reached.byteCount);
        });
      } finally {
        progress.end();
      }
    }),
  );
  // Whoever starts on the copy must not let in again who was sent away.
  await copyRevocations(resolve(data), directory);
  const copied = `${countOf(last.entryCount, "entry", "entries")}, ${formatBytes(last.byteCount)}`;
  console.log(`${copied} in ${directory}; to start on it: syncline serve --data ${directory}`);
}
