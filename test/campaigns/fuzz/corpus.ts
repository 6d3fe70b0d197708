/**
 * Inputs that once reached something new, by name, a file a target, kept with the tests. A name is another input once a target
 * draws otherwise, and still a good one to begin with; `--keep 1` writes what a campaign kept.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type Lineage, lineageIn, textOf } from "./lineage.js";

/** A file is read at the start of every campaign, and each ancestor is played. */
const maxKept = 12;

function fileOf(target: string): string {
  return fileURLToPath(new URL(`corpus/${target}.txt`, import.meta.url));
}

export async function readCorpus(target: string): Promise<Lineage[]> {
  const text = await readFile(fileOf(target), "utf8").catch(() => "");
  return text.split("\n").filter(Boolean).map(lineageIn);
}

/** @param lineages the best first */
export async function writeCorpus(target: string, lineages: readonly Lineage[]): Promise<void> {
  const lines = lineages.slice(0, maxKept).map((lineage) => `${textOf(lineage)}\n`);
  await writeFile(fileOf(target), lines.join(""));
}
