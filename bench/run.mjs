/**
 * node bench/run.mjs [scenario …] [--quick] [--rounds 3] [--peers a,b] [--cases part-of-a-label]… [--dir /tmp] [--set key=value,…]
 *   [--json] [--render]
 *
 * Measures Syncline beside its peers, interleaved: every round runs each peer once. What was measured in full is kept in results/, and
 * RESULTS.md and results.svg are written anew. See README.md.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { readArguments } from "./arguments.mjs";
import { planOf } from "./plan.mjs";
import { circumstances, describeMachine, staleBuild } from "./report/machine.mjs";
import { keepResult, renderResults } from "./report/results.mjs";
import { table } from "./report/table.mjs";
import { Trials } from "./report/trials.mjs";

/** @typedef {import("./scenarios/scenarios.mjs").Scenario} Scenario */
/** @typedef {import("./report/table.mjs").Row} Row */
/** @typedef {import("./scenarios/scenarios.mjs").Outcome} Outcome */
/** @typedef {Omit<import("./report/trials.mjs").TrialRequest, "step" | "directory" | "preparedDirectory">} Request */

const options = argumentsOrExit();
if (options.isRenderOnly) {
  console.log((await renderResults()).join("\n"));
  process.exit(0);
}
const stale = staleBuild();
if (stale) console.error(`warning: ${stale}`);
const trials = new Trials(options.directory);
for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, () => trials.abort());
try {
  const machine = describeMachine(options.directory);
  console.log(machine);
  /** @type {Record<string, Row[]>} */
  const results = {};
  for (const scenario of options.chosen) results[scenario.name] = await runScenario(scenario);
  if (options.json) writeJson({ machine, arguments: process.argv.slice(2), results });
} catch (error) {
  console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  trials.close();
}

/** @param {Scenario} scenario */
async function runScenario(scenario) {
  const { rounds, cases, rows, leftOut, isWhole } = planOf(scenario, options);
  const before = circumstances(options.directory);
  console.log(`\n## ${scenario.name}: ${scenario.about}\n`);
  for (const { label, settings } of cases)
    console.log(`${label} ${rounds} × ${JSON.stringify(settings)}  `.trimStart());
  for (const { peerName, missing } of leftOut)
    console.log(`${peerName} is LEFT OUT, it is not installed: ${missing}  `);
  await measureAll(scenario, rows, { rounds, cases });
  console.log(`\n${table(scenario, rows)}`);
  if (!isWhole) return rows;
  const settings = cases.map(({ label, settings }) => ({ label, settings }));
  await keepResult({ scenario: scenario.name, circumstances: before, rounds, cases: settings, leftOut, rows });
  console.log(`\nwritten: ${(await renderResults()).join(", ")}`);
  return rows;
}

/** @type {(scenario: Scenario, rows: readonly Row[], plan: Pick<import("./plan.mjs").Plan, "rounds" | "cases">) => Promise<void>} */
async function measureAll(scenario, rows, { rounds, cases }) {
  const requestOf = (/** @type {Row} */ { caseLabel, peerName }) => {
    const settings = cases.find(({ label }) => label === caseLabel)?.settings ?? {};
    return { scenarioName: scenario.name, caseLabel, peerName, settings };
  };
  if (scenario.prepare) {
    for (const row of rows) row.outcomes.push(await step("prepare", requestOf(row), "prepared"));
  }
  // What could not be prepared cannot be measured.
  const measurable = rows.filter(({ outcomes }) => outcomes.every(({ wrong }) => !wrong));
  for (let round = 1; round <= rounds; round += 1) {
    for (const row of measurable) row.outcomes.push(await step("measure", requestOf(row), `round ${round}`));
  }
}

/** @type {(step: "prepare" | "measure", request: Request, label: string) => Promise<Outcome>} */
async function step(step, request, label) {
  const startMs = performance.now();
  const outcome = await trials.run({ ...request, step });
  const seconds = ((performance.now() - startMs) / 1000).toFixed(0);
  const what = [request.peerName, request.caseLabel, label].filter((part) => part !== "").join(", ");
  console.error(`  ${what}: ${outcome.wrong ? `VOID, ${outcome.wrong}` : "done"} (${seconds} s)`);
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

function argumentsOrExit() {
  try {
    return readArguments();
  } catch (error) {
    console.error(`bench: ${error instanceof Error ? error.message : String(error)}`);
    process.exit(2);
  }
}
