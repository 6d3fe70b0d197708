/** The last full measurement of each scenario, kept as JSON in results/; RESULTS.md and results.svg are made of nothing else. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { scenarios } from "../scenarios/scenarios.mjs";
import { chart } from "./chart.mjs";
import { growthChart } from "./growth-chart.mjs";
import { page } from "./page.mjs";

/**
 * @typedef {object} Result
 * @property {string} scenario
 * @property {import("./machine.mjs").Circumstances} circumstances
 * @property {number} rounds
 * @property {{ label: string, settings: Record<string, number> }[]} cases
 * @property {{ peerName: string, missing: string }[]} leftOut What was not installed, and how to install it.
 * @property {import("./table.mjs").Row[]} rows
 */

const bench = new URL("../", import.meta.url);

/** Keeps it in place of what was measured of this scenario before. @param {Result} result */
export async function keepResult(result) {
  mkdirSync(new URL("results/", bench), { recursive: true });
  // Figures to six digits: there is no more in them, and a file that is committed should be short.
  const json = JSON.stringify(result, (_, value) => (typeof value === "number" ? Number(value.toPrecision(6)) : value));
  await write(fileOf(result.scenario), json);
}

/** Writes the page and the chart anew, of all that is kept. @returns {Promise<string[]>} the files */
export async function renderResults() {
  const results = Object.values(scenarios).flatMap((scenario) => {
    const file = fileOf(scenario.name);
    return existsSync(file)
      ? [{ scenario, result: /** @type {Result} */ (JSON.parse(readFileSync(file, "utf8"))) }]
      : [];
  });
  const files = [new URL("RESULTS.md", bench), new URL("results.svg", bench)];
  await write(files[0], page(results));
  writeFileSync(files[1], chart(results));
  const growth = results.find(({ scenario }) => scenario.name === "growth");
  if (growth) {
    const picture = new URL("../docs/pictures/growth.svg", bench);
    writeFileSync(picture, growthChart(growth.result));
    files.push(picture);
  }
  return files.map((file) => fileURLToPath(file));
}

/** @param {string} scenarioName */
const fileOf = (scenarioName) => new URL(`results/${scenarioName}.json`, bench);

/** As `npm run format` would leave it. @param {URL} file @param {string} text */
async function write(file, text) {
  const filepath = fileURLToPath(file);
  writeFileSync(file, await format(text, { ...(await resolveConfig(filepath)), filepath }));
}
