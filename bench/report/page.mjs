/** RESULTS.md: every scenario's table, with what it was measured on and with, and what is void and why. */
import { table } from "./table.mjs";

/** @typedef {import("./results.mjs").Result} Result */
/** @typedef {{ scenario: import("../scenarios/scenarios.mjs").Scenario, result: Result }} Measured */

/** @param {readonly Measured[]} measured @returns {string} Markdown */
export function page(measured) {
  const newest = measured.map(({ result }) => result.circumstances).sort((a, b) => b.at.localeCompare(a.at))[0];
  return [
    "<!-- Written by bench/run.mjs from bench/results/*.json. -->",
    "# Results",
    "Made by `npm run bench`; [README.md](README.md) says what is measured, and how. Each cell is the median of the rounds, with (min–max); " +
      "the rounds of all servers of a table were interleaved. Compare within a table, not across: the machine is small and shared.",
    "![The servers beside each other](results.svg)",
    ...(newest ? [`${newest.machine}  \n${newest.versions}`] : []),
    ...measured.map((one) => section(one, newest)),
  ].join("\n\n");
}

/** @type {(measured: Measured, newest: import("./machine.mjs").Circumstances) => string} */
function section({ scenario, result }, newest) {
  const { circumstances, rounds, cases, leftOut, rows } = result;
  const { at, commit, load, machine, versions } = circumstances;
  const when = `${at.slice(0, 16).replace("T", " ")} UTC, Syncline ${commit}, ${rounds} ${rounds === 1 ? "round" : "rounds"}, load ${load.toFixed(1)} before it`;
  const elsewhere = [machine, versions].filter((line, index) => line !== [newest.machine, newest.versions][index]);
  return [
    `## ${scenario.name}: ${scenario.about}`,
    [when, ...elsewhere].join("  \n"),
    table(scenario, rows),
    ...leftOut.map(({ peerName, missing }) => `${peerName} was left out: it was not installed (\`${missing}\`).`),
    cases.map(settingsLine).join("\n"),
  ].join("\n\n");
}

/** @param {Result["cases"][number]} one */
function settingsLine({ label, settings }) {
  const pairs = Object.entries(settings).map(([key, value]) => `${key} ${value}`);
  return `- ${label === "" ? "Settings" : label}: ${pairs.join(", ")}`;
}
