/** How long to look, at what and from which seed on, as scripts/campaign.mjs passes it on. */
import { numberIn } from "../../support/environment.js";
import { type Lineage, lineageIn } from "./lineage.js";

export interface FuzzSettings {
  /** The name of one target; `undefined`: all. */
  readonly target: string | undefined;
  readonly seed: number;
  /** For each target, in milliseconds. */
  readonly spanMs: number;
  /** One input, again. */
  readonly replay: Lineage | undefined;
  /**
   * Whether what reaches new code is kept and changed further; or that is only measured, to compare. It costs so much that as a rule
   * more is found without: docs/FUZZING.md.
   */
  readonly coverage: "none" | "guides" | "measured";
  /** What reached new code is written to the corpus. */
  readonly keeps: boolean;
}

/** All targets together take about a minute with the other tests. */
const usualSpanMs = 9_000;
const minuteMs = 60_000;

export function fuzzSettings(env: NodeJS.ProcessEnv, targetCount: number): FuzzSettings {
  const target = env["SYNCLINE_CAMPAIGN_TARGET"] || undefined;
  const seedText = env["SYNCLINE_CAMPAIGN_SEED"] || undefined;
  const minutes = numberIn(env, "SYNCLINE_CAMPAIGN_MINUTES");
  const isReplay = seedText !== undefined && minutes === undefined;
  if (isReplay && target === undefined) throw new Error("a seed is one of a target: say which, as in --target frames");
  return {
    target,
    // The usual one is the same each time: other tests' runs are not to fail by chance.
    seed: isReplay ? 0 : Number(seedText ?? 1),
    spanMs: minutes === undefined ? usualSpanMs : (minutes * minuteMs) / (target === undefined ? targetCount : 1),
    replay: isReplay ? lineageIn(seedText) : undefined,
    coverage: (["none", "guides", "measured"] as const)[numberIn(env, "SYNCLINE_CAMPAIGN_COVERAGE") ?? 0] ?? "none",
    keeps: (numberIn(env, "SYNCLINE_CAMPAIGN_KEEP") ?? 0) > 0,
  };
}
