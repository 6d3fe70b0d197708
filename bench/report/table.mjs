/** Outcomes of several rounds as a Markdown table: median (min–max), and what is void. */
import { median } from "./statistics.mjs";

/**
 * @param {import("../scenarios/scenarios.mjs").Scenario} scenario
 * @param {ReadonlyMap<string, import("../scenarios/scenarios.mjs").Outcome[]>} outcomes By peer.
 */
export function table({ columns }, outcomes) {
  const header = ["server", ...columns.map(({ title }) => title)];
  /** @type {string[]} */
  const notes = [];
  const rows = [...outcomes].map(([peerName, rounds]) => {
    const wrong = rounds.find((outcome) => outcome.wrong)?.wrong;
    if (wrong) notes.push(`${peerName} is VOID: ${wrong}`);
    if (wrong) return [peerName, ...columns.map(() => "void")];
    return [peerName, ...columns.map(({ key, digits }) => cell(rounds, key, digits))];
  });
  return [render([header, ...rows]), ...notes].join("\n");
}

/** @type {(rounds: readonly import("../scenarios/scenarios.mjs").Outcome[], key: string, digits: number) => string} */
function cell(rounds, key, digits) {
  const values = rounds.map(({ figures }) => figures[key]).filter((value) => Number.isFinite(value));
  if (values.length === 0) return "–";
  const middle = median(values).toFixed(digits);
  if (values.length === 1) return middle;
  return `${middle} (${Math.min(...values).toFixed(digits)}–${Math.max(...values).toFixed(digits)})`;
}

/** @param {readonly string[][]} rows */
function render(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (/** @type {string[]} */ row) =>
    `| ${row.map((text, column) => (column === 0 ? text.padEnd(widths[column]) : text.padStart(widths[column]))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => "-".repeat(width - (column === 0 ? 0 : 1)) + (column === 0 ? "" : ":")).join(" | ")} |`;
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join("\n");
}
