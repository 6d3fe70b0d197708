/** How long a campaign is, as scripts/campaign.mjs passes it on; short ones run with the other tests. */
import { numberIn } from "../support/environment.js";

export interface CampaignSettings {
  readonly kills: number;
  readonly seed: number;
  /** No new round begins after so long. Endless when somebody asked for a campaign of a certain length. */
  readonly untilMs: number;
  /** Of the test, in milliseconds; 0 for none. */
  readonly timeout: number;
}

/** As much as other tests can wait for, also on a machine that is busy. */
const short = { kills: 40, untilMs: 35_000, timeout: 180_000 };
const endless = { untilMs: Number.POSITIVE_INFINITY, timeout: 0 };

export function killCampaignSettings(env: NodeJS.ProcessEnv): CampaignSettings {
  const kills = numberIn(env, "SYNCLINE_CAMPAIGN_KILLS");
  const seed = numberIn(env, "SYNCLINE_CAMPAIGN_SEED") ?? Math.floor(Math.random() * 2 ** 31);
  return kills === undefined ? { ...short, seed } : { ...endless, kills, seed };
}

export interface SilentSocketSettings {
  readonly silentCount: number;
  readonly trickleCount: number;
}

/** A tenth as many requests trickle as sockets are silent. */
export function silentSocketSettings(env: NodeJS.ProcessEnv): SilentSocketSettings {
  const silentCount = numberIn(env, "SYNCLINE_CAMPAIGN_SILENT") ?? 300;
  return { silentCount, trickleCount: Math.ceil(silentCount / 10) };
}
