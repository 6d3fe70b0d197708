/** `syncline verify`: reads every stored value of every document, and loads it. */
import type { Command } from "commander";
import { checkedName } from "../adapters/control-wire.js";
import type { ControlledDocuments } from "../adapters/control-routes.js";
import type { CheckReport } from "../documents/documents.js";
import { SynclineError } from "../error.js";
import { WorkerError } from "../worker/error.js";
import { dataOption, type DataFlags } from "./flags.js";
import { interruptible } from "./interrupt.js";
import { withDocuments } from "./open-documents.js";
import { countOf, formatCount, printable, printableName } from "./printable.js";
import { Progress } from "./progress.js";
import { type Sizes, sizesOf, storedBytes } from "./sizes.js";

interface VerifyFlags extends DataFlags {
  readonly repair: boolean;
  readonly json: boolean;
}

type Problems = CheckReport["problems"];

/** What became of one document. */
interface Verdict {
  readonly name: string;
  /** What cannot be used, and still is where it was. */
  readonly problems: Problems;
  /** What a repair has set aside. */
  readonly setAside: Problems;
}

const after = `
Exits with 1 when problems are left. With --repair, what cannot be used is set aside with its reason (syncline inspect
shows it), the rest stays, and whoever has the document open comes back to it.`;

export function addVerify(program: Command): void {
  program
    .command("verify")
    .description("check that everything stored can be read and loaded")
    .argument("[name...]", "documents; all if there is none")
    .addOption(dataOption())
    .option("--repair", "set aside what cannot be used", false)
    .option("--json", "a JSON object a document", false)
    .addHelpText("after", after)
    .action(verify);
}

async function verify(names: readonly string[], flags: VerifyFlags): Promise<void> {
  names.forEach(checkedName);
  const tally = { count: 0, problemCount: 0, repairedCount: 0, byteCount: 0 };
  const onMend = flags.repair ? sayMended : undefined;
  await interruptible((signal) =>
    withDocuments(
      flags.data,
      async (documents) => {
        const total = names.length || undefined;
        const progress = await Progress.begin({ one: "document", many: "documents", total });
        try {
          for await (const listed of names.length > 0 ? named(documents, names) : documents.list()) {
            signal.throwIfAborted();
            const verdict = await judge(documents, listed.name, { mayRepair: flags.repair, isNamed: names.length > 0 });
            tally.count += 1;
            if (verdict.problems.length > 0) tally.problemCount += 1;
            if (verdict.setAside.length > 0) tally.repairedCount += 1;
            tally.byteCount += storedBytes(listed);
            print(verdict, flags);
            progress.show(tally.count, tally.byteCount);
          }
        } finally {
          progress.end();
        }
      },
      { onMend },
    ),
  );
  conclude(tally, flags);
}

function sayMended(damage: string): void {
  console.error(printable(`syncline: ${damage}; rebuilt from what can be read, the rest is in the directory "lost"`));
}

async function* named(documents: ControlledDocuments, names: readonly string[]): AsyncGenerator<Sizes> {
  for (const name of names) yield await sizesOf(documents, name);
}

async function judge(
  documents: ControlledDocuments,
  name: string,
  { mayRepair, isNamed }: { readonly mayRepair: boolean; readonly isNamed: boolean },
): Promise<Verdict> {
  try {
    const { problems } = await documents.check(name);
    if (problems.length === 0 || !mayRepair) return { name, problems, setAside: [] };
    const setAside = (await documents.repair(name)).problems;
    return { name, problems: (await documents.check(name)).problems, setAside };
  } catch (thrown) {
    // Deleted since it was listed.
    if (!isNamed && isNotFound(thrown)) return { name, problems: [], setAside: [] };
    // This document is too much for a worker; the others may not be.
    if (!(thrown instanceof WorkerError)) throw thrown;
    return { name, problems: [{ origin: "the document", reason: thrown.message }], setAside: [] };
  }
}

function isNotFound(thrown: unknown): boolean {
  return thrown instanceof SynclineError && thrown.code === "document-not-found";
}

function print({ name, problems, setAside }: Verdict, { json }: VerifyFlags): void {
  if (json) return console.log(JSON.stringify({ name, problems, setAside }));
  for (const { origin, reason } of setAside) {
    console.log(`${printableName(name)}: set aside ${printable(`${origin}: ${reason}`)}`);
  }
  for (const { origin, reason } of problems)
    console.log(`${printableName(name)}: ${printable(`${origin}: ${reason}`)}`);
}

function conclude(
  { count, problemCount, repairedCount }: { count: number; problemCount: number; repairedCount: number },
  { json, repair }: VerifyFlags,
): void {
  const repaired = repairedCount > 0 ? `, ${formatCount(repairedCount)} repaired` : "";
  if (!json) console.log(`${countOf(count, "document")}, ${formatCount(problemCount)} with problems${repaired}`);
  if (problemCount === 0) return;
  if (!repair) console.error("syncline: with --repair, what cannot be used is set aside and the rest stays");
  process.exitCode = 1;
}
