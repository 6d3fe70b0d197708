/** Outcomes of several rounds as a Markdown table: median (min–max), and what is void. */
import { median } from "./statistics.mjs";

/** @typedef {import("../scenarios/scenarios.mjs").Outcome} Outcome */
/** @typedef {{ caseLabel: string, peerName: string, outcomes: Outcome[] }} Row */

/** @param {Pick<import("../scenarios/scenarios.mjs").Scenario, "columns">} scenario @param {readonly Row[]} rows */
export function table({ columns }, rows) {
  const hasCases = rows.some(({ caseLabel }) => caseLabel !== "");
  const names = (/** @type {string} */ first, /** @type {string} */ second) => (hasCases ? [first, second] : [second]);
  const header = [...names("case", "server"), ...columns.map(({ title }) => title)];
  /** @type {string[]} */
  const notes = [];
  const lines = rows.map(({ caseLabel, peerName, outcomes }) => {
    const wrong = outcomes.find((outcome) => outcome.wrong)?.wrong;
    if (wrong) notes.push(`${names(caseLabel, peerName).join(", ")} is VOID: ${wrong}`);
    const cells = columns.map(({ key, digits }) => (wrong ? "void" : cell(outcomes, key, digits)));
    return [...names(caseLabel, peerName), ...cells];
  });
  return [render([header, ...lines], hasCases ? 2 : 1), ...notes].join("\n");
}

/** @type {(rounds: readonly import("../scenarios/scenarios.mjs").Outcome[], key: string, digits: number) => string} */
function cell(rounds, key, digits) {
  const values = rounds.map(({ figures }) => figures[key]).filter((value) => Number.isFinite(value));
  if (values.length === 0) return "–";
  const middle = median(values).toFixed(digits);
  if (values.length === 1) return middle;
  return `${middle} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
}

/** @param {readonly string[][]} rows @param {number} nameCount How many columns hold names. */
function render(rows, nameCount) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const isName = (/** @type {number} */ column) => column < nameCount;
  const line = (/** @type {readonly string[]} */ row) =>
    `| ${row.map((text, column) => (isName(column) ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join(" | ")} |`;
  const rule = widths.map((width, column) => (isName(column) ? "-".repeat(width) : `${"-".repeat(width - 1)}:`));
  return [line(rows[0]), `| ${rule.join(" | ")} |`, ...rows.slice(1).map(line)].join("\n");
}
