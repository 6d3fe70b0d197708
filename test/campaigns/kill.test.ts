/** Nothing that a client was told is lost when the server is killed: `npm run campaign:kill -- --kills 1000`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { KillCampaign } from "./kill-campaign.js";
import { killCampaignSettings } from "./settings.js";

const { kills, seed, untilMs, timeout } = killCampaignSettings(process.env);
// Each stock provider listens for the end of the process.
process.setMaxListeners(0);

const say = (text: string) => console.log(text.replace(/^/gm, "campaign kill: "));

test(`what clients were told is there after each of ${kills} kills`, { timeout }, async () => {
  const data = await mkdtemp(join(tmpdir(), "syncline-campaign-"));
  say(`seed ${seed}`);
  const campaign = new KillCampaign({ seed, kills, untilMs, data, onProgress: say });
  try {
    await campaign.run();
  } finally {
    say(campaign.report);
  }
  const { tally } = campaign;
  const isClean = tally.losses.length === 0 && tally.surprises.size === 0;
  if (isClean) await rm(data, { recursive: true });
  else say(`the data is kept in ${data}`);
  expect(tally.losses).toEqual([]);
  expect([...tally.surprises]).toEqual([]);
  // A campaign that ran out of time has killed less often; one that never killed has shown nothing.
  expect(tally.killCount).toBeGreaterThanOrEqual(untilMs === Number.POSITIVE_INFINITY ? kills : 5);
});
