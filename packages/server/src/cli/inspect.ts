/** `syncline inspect`: everything that is known of one document but its content. */
import type { Command } from "commander";
import { checkedName } from "../adapters/control-wire.js";
import type { DocumentReport } from "../documents/documents.js";
import { dataOption, type DataFlags } from "./flags.js";
import { withDocuments } from "./open-documents.js";
import { orWhatToDo } from "./sizes.js";
import { countOf, formatBytes, formatCount, printable, printableName } from "./printable.js";

interface InspectFlags extends DataFlags {
  readonly json: boolean;
}

/** Lines of a list before the rest is counted. */
const shownCount = 10;

export function addInspect(program: Command): void {
  program
    .command("inspect")
    .description("show a document's log, snapshot, clients and quarantine")
    .argument("<name>", "the document")
    .addOption(dataOption())
    .option("--json", "everything, as a JSON object", false)
    .action(inspect);
}

async function inspect(name: string, { data, json }: InspectFlags): Promise<void> {
  checkedName(name);
  const report = await withDocuments(data, (documents) => orWhatToDo(name, documents.inspect(name)));
  console.log(json ? JSON.stringify(report) : linesOf(report).join("\n"));
}

function linesOf(report: DocumentReport): string[] {
  const { segments, stateVector, quarantine } = report;
  return [
    `document    ${printableName(report.name)}`,
    `generation  ${printable(report.generation)}`,
    `seq         ${formatCount(report.seq)}, ${formatCount(report.coveredSeq)} of them in the snapshot`,
    `log         ${countOf(report.recordCount, "record")}, ${formatBytes(report.recordBytes)}`,
    `snapshot    epoch ${report.epoch}, ${countOf(segments.length, "segment")}, ${formatBytes(report.snapshotBytes)}`,
    ...shown(segments, ({ id, byteLength }) => `segment ${id}: ${formatBytes(byteLength)}`),
    `clients     ${formatCount(stateVector.length)}`,
    ...shown(stateVector, ({ client, clock }) => `client ${client}: clock ${formatCount(clock)}`),
    quarantine.length === 0 ? "quarantine  empty" : `quarantine  ${countOf(quarantine.length, "piece")} set aside`,
    ...shown(quarantine, ({ origin, reason, quarantinedAt }) =>
      printable(`${new Date(quarantinedAt).toISOString()} ${origin}: ${reason}`),
    ),
  ];
}

function shown<Item>(items: readonly Item[], describe: (item: Item) => string): string[] {
  const lines = items.slice(0, shownCount).map((item) => `  ${describe(item)}`);
  const rest = items.length - lines.length;
  return rest > 0 ? [...lines, `  and ${formatCount(rest)} more`] : lines;
}
