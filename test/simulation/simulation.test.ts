/**
 * Worlds of servers, disks, lines and people, a seed each: `SYNCLINE_CAMPAIGN_SEED=123 npx vitest run --project simulation`
 * runs one again; `npm run campaign:simulate -- --seeds 10000` runs many. docs/SIMULATION.md says what is simulated.
 */
import { describe, expect, test } from "vitest";
import { Campaign } from "./campaign.js";
import type { Sabotage } from "./config.js";
import { regressions } from "./regressions.js";
import { runSeed } from "./run.js";
import { campaignSettings } from "./settings.js";

const settings = campaignSettings(process.env);

const say = (text: string) => console.log(text.replace(/^/gm, "campaign simulate: "));

test(
  `nothing that must hold is broken in ${settings.count} worlds from seed ${settings.first}`,
  { timeout: 0 },
  async () => {
    const campaign = new Campaign(settings, say);
    await campaign.run();
    say(campaign.report);
    expect(campaign.failures).toEqual([]);
  },
);

describe.skipIf(settings.isOnlyCampaign)("the simulation", () => {
  test.each(regressions)("seed $seed: $found", async ({ seed }) => {
    const { violation } = await runSeed(seed);
    expect(violation).toBeUndefined();
  });

  test("runs a seed twice in the same way", async () => {
    for (const seed of [7, 18, 61, 72, 115]) {
      const first = await runSeed(seed);
      const second = await runSeed(seed);
      expect(second.digest).toBe(first.digest);
      expect(second.eventCount).toBe(first.eventCount);
    }
  });

  test("runs different seeds differently", async () => {
    const [first, second] = [await runSeed(1), await runSeed(2)];
    expect(first.digest).not.toBe(second.digest);
  });

  test.each<readonly [sabotage: Sabotage, seeds: number]>([
    ["lying disk", 20],
    ["early acks", 40],
  ])("finds a server with %s within %i seeds", async (sabotage, seeds) => {
    expect(await firstLoss(sabotage, seeds)).toMatch(/is lost/);
  });

  test("reaches what it is meant to reach", async () => {
    const campaign = new Campaign({ ...settings, first: 1, count: 60 }, () => undefined);
    await campaign.run();
    for (const what of reached) expect(campaign.counts.get(what) ?? 0, what).toBeGreaterThan(0);
  });
});

/** Of 60 seeds, at least one has each. */
const reached = [
  "crashes",
  "restarts",
  "refused writes",
  "failed reads",
  "reopened stores",
  "compactions",
  "trials",
  "salvages",
  "deletes",
  "imports",
  "recreates",
  "access read",
  "demotions",
  "edits of readers refused",
  "access write",
  "closed with 4404",
  "closed with 4409",
  "closed with 4503",
  "closed with 4505",
  "backlogs above their limit",
];

async function firstLoss(sabotage: Sabotage, seeds: number): Promise<string | undefined> {
  for (let seed = 1; seed <= seeds; seed++) {
    const { violation } = await runSeed(seed, { sabotage });
    if (violation?.includes("is lost") === true) return violation;
  }
  return undefined;
}
