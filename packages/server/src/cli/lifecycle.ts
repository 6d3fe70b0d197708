/** `syncline delete` and `syncline recreate`: the end of a document, and its name's new beginning. */
import type { Command } from "commander";
import { checkedName } from "../adapters/control-wire.js";
import type { ControlledDocuments } from "../adapters/control-routes.js";
import { SynclineError } from "../error.js";
import { dataOption, type DataFlags } from "./flags.js";
import { withDocuments } from "./open-documents.js";
import { formatBytes, printableName } from "./printable.js";
import { sizesOf, storedBytes } from "./sizes.js";

interface DeleteFlags extends DataFlags {
  readonly yes: boolean;
}

export function addDelete(program: Command): void {
  program
    .command("delete")
    .description("delete a document; who has it open is closed with 4404 and cannot bring it back")
    .argument("<name>", "the document")
    .addOption(dataOption())
    .option("--yes", "do it: there is no way back but a backup", false)
    .action(deleteDocument);
}

export function addRecreate(program: Command): void {
  program
    .command("recreate")
    .description("let a deleted document be opened again, empty and as another generation")
    .argument("<name>", "the document")
    .addOption(dataOption())
    .action(recreate);
}

async function deleteDocument(name: string, { data, yes }: DeleteFlags): Promise<void> {
  checkedName(name);
  await withDocuments(data, async (documents) => {
    if (!yes) throw new SynclineError("invalid-option", await whatWouldGo(documents, name));
    await documents.delete(name);
  });
  console.log(`${printableName(name)}: deleted`);
}

async function whatWouldGo(documents: ControlledDocuments, name: string): Promise<string> {
  const sizes = await sizesOf(documents, name);
  const size = sizes.damage === undefined ? `seq ${sizes.seq}, ${formatBytes(storedBytes(sizes))}` : "damaged";
  return `this would delete ${JSON.stringify(name)} (${size}) for good; say --yes to do it`;
}

async function recreate(name: string, { data }: DataFlags): Promise<void> {
  checkedName(name);
  await withDocuments(data, (documents) => documents.recreate(name));
  console.log(`${printableName(name)}: created, empty`);
}
