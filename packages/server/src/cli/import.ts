/** `syncline import`: one document from a file with a Yjs update. */
import { readFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { Command } from "commander";
import { checkedName } from "../adapters/control-wire.js";
import { messageOf, SynclineError } from "../error.js";
import { dataOption, type DataFlags } from "./flags.js";
import { withDocuments } from "./open-documents.js";
import { formatBytes, printable, printableName } from "./printable.js";

interface ImportFlags extends DataFlags {
  readonly replace: boolean;
}

export function addImport(program: Command): void {
  program
    .command("import")
    .description("make a document of a file with a Yjs v1 update")
    .argument("<name>", "the document")
    .argument("<file>", "what export writes, or Y.encodeStateAsUpdate(doc); - is standard input")
    .addOption(dataOption())
    .option("--replace", "also when the document exists: clients that have the old one are told so", false)
    .action(importDocument);
}

async function importDocument(name: string, file: string, { data, replace }: ImportFlags): Promise<void> {
  checkedName(name);
  const update = await read(file);
  const report = await withDocuments(data, (documents) => documents.import(name, [update], { replace }), {
    mayCreate: true,
  });
  console.log(`${printableName(name)}: ${formatBytes(report.byteCount)} imported`);
  for (const reason of report.refused) console.error(printable(`left out: ${reason}`));
  if (report.leftoverBytes > 0) {
    console.error(`left out: ${formatBytes(report.leftoverBytes)} that lean on something that is not in the file`);
  }
  if (report.refused.length > 0) process.exitCode = 1;
}

async function read(file: string): Promise<Uint8Array> {
  try {
    return file === "-" ? await buffer(process.stdin) : await readFile(file);
  } catch (cause) {
    throw new SynclineError("invalid-option", `cannot read ${file}: ${messageOf(cause)}`, { cause });
  }
}
