/**
 * Runs a campaign of any length: `node scripts/campaign.mjs kill --kills 1000`, `… simulate --seeds 10000`, `… fuzz --minutes 60`.
 * What is to be run goes to the tests in the environment; what was found is repeated in the last line. The packages must be
 * built.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

/** The project of vitest and which of its files, flag → environment variable, and into what several processes share it. */
const campaigns = {
  kill: {
    tests: ["--project", "campaigns", "kill"],
    flags: { kills: "SYNCLINE_CAMPAIGN_KILLS", seed: "SYNCLINE_CAMPAIGN_SEED" },
    share: (env) => [env],
  },
  simulate: {
    tests: ["--project", "simulation", "simulation.test"],
    flags: { seeds: "SYNCLINE_CAMPAIGN_SEEDS", seed: "SYNCLINE_CAMPAIGN_SEED" },
    share: shareSeeds,
  },
  fuzz: {
    tests: ["--project", "campaigns", "fuzz.test"],
    flags: {
      minutes: "SYNCLINE_CAMPAIGN_MINUTES",
      target: "SYNCLINE_CAMPAIGN_TARGET",
      seed: "SYNCLINE_CAMPAIGN_SEED",
      coverage: "SYNCLINE_CAMPAIGN_COVERAGE",
      keep: "SYNCLINE_CAMPAIGN_KEEP",
    },
    share: shareFuzzing,
  },
};

/** What a flag takes that is no whole number. */
const words = {
  target: { pattern: /^[a-z]+$/, named: "the name of a target" },
  seed: { pattern: /^\d{1,15}(\.\d{1,15})*$/, named: "a seed, as 7 or 4711.17" },
};

const usage = `usage: node scripts/campaign.mjs kill [--kills N] [--seed S]
       node scripts/campaign.mjs simulate [--seeds N] [--seed S]
       node scripts/campaign.mjs fuzz [--minutes N] [--target NAME] [--seed S] [--coverage 1|2 [--keep 1]]
       node scripts/campaign.mjs fuzz --target NAME --seed S`;

const defaults = { kills: "1000", seeds: "10000" };

class UsageError extends Error {}

function settingsIn(args) {
  const [name, ...rest] = args;
  const campaign = Object.hasOwn(campaigns, name ?? "") ? campaigns[name] : undefined;
  if (!campaign) throw new UsageError(name === undefined ? "which campaign?" : `there is no campaign "${name}"`);
  const options = Object.fromEntries(Object.keys(campaign.flags).map((flag) => [flag, { type: "string" }]));
  const { values } = parse(rest, options);
  const env = {};
  for (const [flag, variable] of Object.entries(campaign.flags)) {
    const value = values[flag] ?? defaults[flag];
    if (value === undefined) continue;
    const { pattern, named } = (name === "fuzz" && words[flag]) || { pattern: /^\d{1,15}$/, named: "a whole number" };
    if (!pattern.test(value)) throw new UsageError(`--${flag} takes ${named}, not "${value}"`);
    env[variable] = value;
  }
  return { name, tests: campaign.tests, parts: campaign.share(env) };
}

/** As many neighbouring seeds for each core. */
function shareSeeds({ SYNCLINE_CAMPAIGN_SEEDS: seeds, SYNCLINE_CAMPAIGN_SEED: first = "1" }) {
  const parts = Math.min(availableParallelism(), Number(seeds));
  const size = Math.ceil(Number(seeds) / parts);
  return Array.from({ length: parts }, (_, part) => ({
    SYNCLINE_CAMPAIGN_SEED: String(Number(first) + part * size),
    SYNCLINE_CAMPAIGN_SEEDS: String(Math.max(0, Math.min(size, Number(seeds) - part * size))),
  }));
}

/** As long on each core, from seeds that do not meet; one input is played again on one. */
function shareFuzzing(env) {
  const { SYNCLINE_CAMPAIGN_SEED: seed, SYNCLINE_CAMPAIGN_MINUTES: minutes, SYNCLINE_CAMPAIGN_KEEP: keep } = env;
  if (seed !== undefined && minutes === undefined) return [env];
  const first = Number(seed ?? Math.floor(Math.random() * 2 ** 30));
  return Array.from({ length: keep === undefined ? availableParallelism() : 1 }, (_, part) => ({
    ...env,
    SYNCLINE_CAMPAIGN_MINUTES: minutes ?? "5",
    SYNCLINE_CAMPAIGN_SEED: String((first + part * 2 ** 28) % 2 ** 32),
  }));
}

function parse(args, options) {
  try {
    return parseArgs({ args, options });
  } catch (thrown) {
    throw new UsageError(thrown.message);
  }
}

/** Resolves with vitest's exit code and the last line that the campaign wrote about itself. */
async function run({ name, tests }, env) {
  const vitest = fileURLToPath(new URL("../node_modules/vitest/vitest.mjs", import.meta.url));
  const flags = ["run", ...tests, "--disableConsoleIntercept", "--testTimeout", "0"];
  const child = spawn(process.execPath, [vitest, ...flags], {
    cwd: fileURLToPath(new URL("..", import.meta.url)),
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => child.kill(signal));
  let found = "it wrote nothing about itself";
  const lines = createInterface({ input: child.stdout });
  lines.on("line", (line) => {
    console.log(line);
    const prefix = `campaign ${name}: found `;
    if (line.startsWith(prefix)) found = line.slice(prefix.length);
  });
  const [[exitCode]] = await Promise.all([once(child, "exit"), once(lines, "close")]);
  return { exitCode: exitCode ?? 1, found };
}

try {
  const settings = settingsIn(process.argv.slice(2));
  const results = await Promise.all(settings.parts.map((env) => run(settings, env)));
  const failed = results.find(({ exitCode }) => exitCode !== 0);
  const found = results.map((result) => result.found).join("; ");
  console.log(`campaign ${settings.name} ${failed ? "FAILED" : "passed"}: ${found}`);
  process.exitCode = failed?.exitCode ?? 0;
} catch (thrown) {
  if (!(thrown instanceof UsageError)) throw thrown;
  console.error(`${thrown.message}\n${usage}`);
  process.exitCode = 2;
}
