/** `syncline list`: what documents there are, and how large. */
import type { Command } from "commander";
import type { DocumentSummary } from "../documents/documents.js";
import { dataOption, type DataFlags } from "./flags.js";
import { withDocuments } from "./open-documents.js";
import { countOf, formatBytes, formatCount, printable, printableName } from "./printable.js";
import { storedBytes } from "./sizes.js";

interface ListFlags extends DataFlags {
  readonly json: boolean;
}

const columns = `
On a terminal a table with totals. In a pipe a line a document, with tabs between name, seq, bytes of the snapshot, bytes
of the log since, and its state: ok, degraded (something was damaged and set aside) or damaged (see syncline verify).
Names are escaped as in a JavaScript string; --json gives them as they are.`;

export function addList(program: Command): void {
  program
    .command("list")
    .description("list all documents with their sizes")
    .addOption(dataOption())
    .option("--json", "a JSON object a line", false)
    .addHelpText("after", columns)
    .action(list);
}

async function list({ data, json }: ListFlags): Promise<void> {
  await withDocuments(data, async (documents) => {
    const listed = documents.list();
    if (json) for await (const summary of listed) console.log(JSON.stringify(summary));
    else if (process.stdout.isTTY) await printTable(listed);
    else for await (const summary of listed) console.log(plainLine(summary));
  });
}

function plainLine({ name, seq, snapshotBytes, recordBytes, quarantinedCount, damage }: DocumentSummary): string {
  if (damage !== undefined) return [printableName(name), "-", "-", "-", "damaged"].join("\t");
  const state = quarantinedCount > 0 ? "degraded" : "ok";
  return [printableName(name), seq, snapshotBytes, recordBytes, state].join("\t");
}

/** Columns are as wide as the widest of so many rows; the rest wait for nobody. */
const rowsPerBlock = 500;

async function printTable(documents: AsyncIterable<DocumentSummary>): Promise<void> {
  const totals = { count: 0, degradedCount: 0, damagedCount: 0, byteCount: 0 };
  let block: DocumentSummary[] = [];
  for await (const listed of documents) {
    totals.count += 1;
    totals.byteCount += storedBytes(listed);
    if (listed.damage !== undefined) totals.damagedCount += 1;
    else if (listed.quarantinedCount > 0) totals.degradedCount += 1;
    block.push(listed);
    if (block.length === rowsPerBlock) {
      printBlock(block);
      block = [];
    }
  }
  printBlock(block);
  const { count, degradedCount, damagedCount, byteCount } = totals;
  const marks = [
    ...(degradedCount > 0 ? [`${degradedCount} degraded`] : []),
    ...(damagedCount > 0 ? [`${damagedCount} damaged`] : []),
  ];
  console.log([countOf(count, "document"), formatBytes(byteCount), ...marks].join(", "));
}

function printBlock(block: readonly DocumentSummary[]): void {
  if (block.length === 0) return;
  const rows = [["NAME", "SEQ", "SNAPSHOT", "LOG", ""], ...block.map(cellsOf)];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? "").length)));
  for (const [name = "", ...rest] of rows) {
    const numbers = rest.slice(0, 3).map((cell, index) => cell.padStart(widths[index + 1] ?? 0));
    console.log([name.padEnd(widths[0] ?? 0), ...numbers, rest[3]].join("  ").trimEnd());
  }
}

function cellsOf(summary: DocumentSummary): string[] {
  const { seq, snapshotBytes, recordBytes, quarantinedCount, damage } = summary;
  const name = printableName(summary.name);
  if (damage !== undefined) return [name, "-", "-", "-", `damaged: ${printable(damage)}`];
  const mark = quarantinedCount > 0 ? `degraded: ${quarantinedCount} set aside` : "";
  return [name, formatCount(seq), formatBytes(snapshotBytes), formatBytes(recordBytes), mark];
}
