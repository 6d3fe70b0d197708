/** Which seeds to run, as scripts/campaign.mjs passes it on. */
import { numberIn } from "../support/environment.js";

export interface CampaignSettings {
  readonly first: number;
  readonly count: number;
  /** Somebody asked for a campaign, or for one seed: the other tests are not for now. */
  readonly isOnlyCampaign: boolean;
  /** One seed: everything that happened is told. */
  readonly isReplay: boolean;
}

/** As many as can run with the other tests. */
const usual = 300;

export function campaignSettings(env: NodeJS.ProcessEnv): CampaignSettings {
  const seed = numberIn(env, "SYNCLINE_CAMPAIGN_SEED");
  const seeds = numberIn(env, "SYNCLINE_CAMPAIGN_SEEDS");
  return {
    first: seed ?? 1,
    count: seeds ?? (seed === undefined ? usual : 1),
    isOnlyCampaign: seed !== undefined || seeds !== undefined,
    isReplay: seed !== undefined && (seeds ?? 1) === 1,
  };
}
