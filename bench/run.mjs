/**
 * node bench/run.mjs [scenario …] [--quick] [--rounds 3] [--peers a,b] [--dir /tmp] [--set key=value,…] [--json]
 *
 * Measures Syncline beside its peers, interleaved: every round runs each peer once. See README.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { describeMachine, staleBuild } from "./report/machine.mjs";
import { table } from "./report/table.mjs";
import { Trials } from "./report/trials.mjs";
import { peers } from "./server/peers.mjs";
import { scenarios } from "./scenarios/scenarios.mjs";

/** @typedef {import("./scenarios/scenarios.mjs").Scenario} Scenario */
/** @typedef {import("./scenarios/scenarios.mjs").Outcome} Outcome */

const options = readArguments();
const stale = staleBuild();
if (stale) console.error(`warning: ${stale}`);
const trials = new Trials(options.directory);
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, () => trials.abort());
try {
  const machine = describeMachine(options.directory);
  console.log(machine);
  /** @type {Record<string, Record<string, Outcome[]>>} */
  const results = {};
  for (const scenario of options.chosen) results[scenario.name] = Object.fromEntries(await runScenario(scenario));
  if (options.json) writeJson({ machine, arguments: process.argv.slice(2), results });
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  trials.close();
}

/** @param {Scenario} scenario */
async function runScenario(scenario) {
  const { name: scenarioName, about } = scenario;
  const settings = settingsOf(scenario);
  const rounds = options.rounds ?? (options.quick ? 1 : scenario.defaultRounds);
  const peerNames = scenario.peers.filter((peerName) => !options.peers || options.peers.includes(peerName));
  console.log(`\n## ${scenarioName}: ${about}\n${rounds} × ${JSON.stringify(settings)}\n`);
  /** @type {Map<string, Outcome[]>} */
  const prepared = new Map();
  if (scenario.prepare) {
    for (const peerName of peerNames) {
      prepared.set(peerName, [await step("prepare", { scenarioName, peerName, settings }, "prepared")]);
    }
  }
  const outcomes = new Map(peerNames.map((peerName) => [peerName, [...(prepared.get(peerName) ?? [])]]));
  for (let round = 1; round <= rounds; round += 1) {
    for (const [peerName, ofPeer] of outcomes) {
      // What could not be prepared cannot be measured.
      if (prepared.get(peerName)?.some(({ wrong }) => wrong)) continue;
      ofPeer.push(await step("measure", { scenarioName, peerName, settings }, `round ${round}`));
    }
  }
  console.log(table(scenario, outcomes));
  return outcomes;
}

/** @param {Scenario} scenario @returns {Record<string, number>} */
function settingsOf({ settings }) {
  const chosen = { ...(options.quick ? settings.quick : settings.full) };
  return Object.fromEntries(Object.entries(chosen).map(([key, value]) => [key, options.set.get(key) ?? value]));
}

/** @type {(step: "prepare" | "measure", request: { scenarioName: string, peerName: string, settings: Record<string, number> }, label: string) => Promise<Outcome>} */
async function step(step, request, label) {
  const startMs = performance.now();
  const outcome = await trials.run({ ...request, step });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  console.error(`  ${request.peerName}, ${label}: ${outcome.wrong ? `VOID, ${outcome.wrong}` : "done"} (${seconds} s)`);
  return outcome;
}

/** @param {object} report */
function writeJson(report) {
  const directory = new URL("./out/", import.meta.url);
  mkdirSync(directory, { recursive: true });
  const file = new URL(`${new Date().toISOString().replace(/[:.]/g, "-")}.json`, directory);
  writeFileSync(file, JSON.stringify(report, undefined, 2));
  console.log(`\n${file.pathname}`);
}

function readArguments() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        quick: { type: "boolean", default: false },
        rounds: { type: "string" },
        peers: { type: "string" },
        dir: { type: "string", default: tmpdir() },
        set: { type: "string", default: "" },
        json: { type: "boolean", default: false },
      },
    });
    const unknown = positionals.filter((name) => !(name in scenarios));
    if (unknown.length > 0)
      throw new Error(`no scenario ${unknown[0]}; there are ${Object.keys(scenarios).join(", ")}`);
    const rounds = values.rounds === undefined ? undefined : Number(values.rounds);
    if (rounds !== undefined && !(Number.isInteger(rounds) && rounds > 0))
      throw new Error("--rounds takes a whole number");
    const pairs = values.set.split(",").flatMap((pair) => (pair === "" ? [] : [pair.split("=")]));
    const notANumber = pairs.find(([, value]) => !(Number(value) > 0));
    if (notANumber) throw new Error(`--set ${notANumber[0]}: takes a number above 0`);
    const peerNames = values.peers?.split(",");
    const unknownPeer = peerNames?.find((name) => !(name in peers));
    if (unknownPeer) throw new Error(`no peer ${unknownPeer}; there are ${Object.keys(peers).join(", ")}`);
    const names = positionals.length > 0 ? positionals : Object.keys(scenarios);
    return {
      chosen: names.map((name) => scenarios[name]),
      quick: values.quick,
      rounds,
      peers: peerNames,
      directory: values.dir,
      set: new Map(pairs.map(([key, value]) => [key, Number(value)])),
      json: values.json,
    };
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}
