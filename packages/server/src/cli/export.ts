/** `syncline export`: one document, as Yjs or as JSON. */
import { rename, writeFile } from "node:fs/promises";
import type { Command } from "commander";
import { checkedName } from "../adapters/control-wire.js";
import { messageOf, SynclineError } from "../error.js";
import { dataOption, type DataFlags } from "./flags.js";
import { withDocuments } from "./open-documents.js";

interface ExportFlags extends DataFlags {
  readonly json: boolean;
  readonly out?: string;
}

export function addExport(program: Command): void {
  program
    .command("export")
    .description("write a document to standard output or a file, as a Yjs v1 update")
    .argument("<name>", "the document")
    .addOption(dataOption())
    .option("--json", "what it says, as JSON; this cannot be imported again", false)
    .option("--out <file>", "where to, instead of standard output")
    .action(exportDocument);
}

async function exportDocument(name: string, { data, json, out }: ExportFlags): Promise<void> {
  checkedName(name);
  if (!json && out === undefined && process.stdout.isTTY) {
    throw new SynclineError(
      "invalid-option",
      "an update is no text for a terminal; use --out <file>, a pipe, or --json",
    );
  }
  const bytes = await withDocuments(data, (documents) => (json ? documents.content(name) : documents.export(name)));
  if (out !== undefined) return writeWhole(out, bytes);
  await new Promise<void>((written) => process.stdout.write(bytes, () => written()));
  if (json) console.log();
}

/** A file of that name is replaced once the new one is complete. */
async function writeWhole(file: string, bytes: Uint8Array): Promise<void> {
  const unfinished = `${file}.unfinished`;
  try {
    await writeFile(unfinished, bytes);
    await rename(unfinished, file);
  } catch (cause) {
    throw new SynclineError("invalid-option", `cannot write ${file}: ${messageOf(cause)}`, { cause });
  }
}
