/** One target after the other: how many inputs there were, what they came to, and which one broke what. */
import { Coverage } from "./coverage.js";
import { readCorpus, writeCorpus } from "./corpus.js";
import { type Lineage, parentOf, tapeOf, textOf } from "./lineage.js";
import { Player } from "./player.js";
import { Search, type Failure } from "./search.js";
import type { FuzzSettings } from "./settings.js";
import { Outcomes, type Target } from "./target.js";

/** What is measured: the packages that are under test, as they are installed. */
const measured = /packages\/(server|protocol)\/dist\//;

export interface Result {
  readonly inputCount: number;
  readonly outcomeCount: number;
  /** What was wrong, and how to see it again; `undefined`: nothing. */
  readonly failure: string | undefined;
}

type Say = (text: string) => void;

export async function fuzz(target: Target, settings: FuzzSettings, say: Say): Promise<Result> {
  const player = new Player(target);
  const coverage = settings.coverage === "none" ? undefined : new Coverage(measured);
  await coverage?.start();
  try {
    const { seed, spanMs, keeps } = settings;
    const isGuided = settings.coverage === "guides";
    const corpus = await readCorpus(target.name);
    const search = new Search({ player, coverage, seed, spanMs, corpus, isGuided });
    await search.run();
    if (keeps && isGuided)
      await writeCorpus(
        target.name,
        search.kept.toSorted((a, b) => b.gain - a.gain).map(({ lineage }) => lineage),
      );
    const result = resultOf(player, search.failure);
    say(reportOf(player, search, coverage));
    if (result.failure !== undefined) say(result.failure);
    return result;
  } finally {
    await coverage?.stop();
    await player.stop();
  }
}

/** Plays one input, and tells all that happens in it. Resolves with what was wrong. */
export async function replay(target: Target, lineage: Lineage, say: Say): Promise<string | undefined> {
  const player = new Player(target);
  try {
    const parent = await parentOf(lineage, (tape) => player.play(tape, textOf(lineage), new Outcomes()));
    const error = await player.play(tapeOf(lineage, parent, say), textOf(lineage));
    for (const [outcome, count] of player.outcomes.counts) say(`${count} × ${outcome}`);
    return error && describe(error);
  } finally {
    await player.stop();
  }
}

function resultOf({ target, outcomes }: Player, failure: Failure | undefined): Result {
  const { inputCount, counts } = outcomes;
  return { inputCount, outcomeCount: counts.size, failure: failure && textOfFailure(target.name, failure) };
}

function textOfFailure(target: string, { lineage, error, story }: Failure): string {
  const again = `npm run campaign:fuzz -- --target ${target} --seed ${textOf(lineage)}`;
  return [`${target}: ${describe(error)}`, `again: ${again}`, "the simplest that fails:", ...story].join("\n");
}

function describe(error: Error): string {
  const cause = error.cause instanceof Error ? `\nbecause of ${error.cause.stack ?? error.cause.message}` : "";
  return `${error.name === "Violation" ? error.message : (error.stack ?? error.message)}${cause}`;
}

function reportOf(
  { target, outcomes, playedCount, slowest }: Player,
  { kept }: Search,
  coverage: Coverage | undefined,
): string {
  const most = [...outcomes.counts]
    .sort(([, a], [, b]) => b - a)
    .slice(0, 8)
    .map(([outcome, count]) => `  ${count} × ${outcome}`);
  return [
    ...most,
    `${target.name}: slowest ${slowest.label} with ${Math.round(slowest.tookMs)} ms; ${playedCount} runs, ${kept.length} kept${coverage ? `, ${coverage.reached} characters of code reached` : ""}`,
    `${target.name}: ${outcomes.inputCount} inputs, ${outcomes.counts.size} outcomes`,
  ].join("\n");
}
