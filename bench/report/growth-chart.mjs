/**
 * docs/pictures/growth.svg, of the scenario `growth`: one panel a figure, one bar a measurement, each of twice as much as the one before
 * it. Bars begin at 0; panels have their own scales.
 */
import { median } from "./statistics.mjs";

/** @typedef {import("./results.mjs").Result} Result */
/** @typedef {{ unit: string, key: string, digits: number, title: string }} Panel `unit` is how the labels of its cases end. */
/** @typedef {{ label: string, value: number }} Bar */

/** @type {readonly Panel[]} */
const panels = [
  { unit: "members", key: "deliveryUs", digits: 1, title: "CPU µs a delivery" },
  { unit: "rooms", key: "updateUs", digits: 0, title: "CPU µs an update" },
  { unit: "kB", key: "openMs", digits: 0, title: "Opening, ms" },
  { unit: "edits", key: "openMs", digits: 0, title: "Opening, ms" },
  { unit: "members", key: "updateUs", digits: 0, title: "CPU µs an update" },
  { unit: "rooms", key: "roomHeapKB", digits: 1, title: "Heap, kB a room" },
  { unit: "kB", key: "compactionCpuMs", digits: 0, title: "Compaction, CPU ms" },
  { unit: "edits", key: "compactionCpuMs", digits: 0, title: "Compaction, CPU ms" },
];

const columnCount = 4;
const margin = 24;
const headerHeight = 56;
const panelWidth = 232;
const panelHeight = 188;
const barsTop = 40;
const barsHeight = 96;
const barPitch = 42;
const barWidth = 30;

/** @param {Result} result @returns {string} SVG */
export function growthChart(result) {
  const rowCount = Math.ceil(panels.length / columnCount);
  const width = 2 * margin + columnCount * panelWidth;
  const height = headerHeight + rowCount * panelHeight + margin / 2;
  const drawn = panels.map((panel, index) => {
    const x = margin + (index % columnCount) * panelWidth;
    const y = headerHeight + Math.floor(index / columnCount) * panelHeight;
    return `<g transform="translate(${x} ${y})">${drawPanel(panel, barsOf(panel, result))}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="How Syncline's costs grow when members, rooms, size and history double">`,
    `<style>${style}</style>`,
    `<rect class="back" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    `<text class="title" x="${margin}" y="34">Twice as much of one thing, everything else as it was</text>`,
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

/** @type {(panel: Panel, result: Result) => Bar[]} */
function barsOf({ unit, key }, { rows }) {
  return rows.flatMap(({ caseLabel, outcomes }) => {
    if (!caseLabel.endsWith(` ${unit}`) || outcomes.some(({ wrong }) => wrong)) return [];
    const values = outcomes.map(({ figures }) => figures[key]).filter((value) => Number.isFinite(value));
    if (values.length === 0) return [];
    return [{ label: caseLabel.slice(0, -unit.length - 1), value: median(values) }];
  });
}

/** @type {(panel: Panel, bars: readonly Bar[]) => string} */
function drawPanel({ unit, digits, title }, bars) {
  const largest = Math.max(...bars.map(({ value }) => value), 0);
  const drawn = bars.map(({ label, value }, index) => {
    const length = largest === 0 ? 0 : Math.max(1, (value / largest) * barsHeight);
    const x = index * barPitch;
    const y = barsTop + barsHeight - length;
    const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
    return [
      `<rect class="bar" x="${x}" y="${y.toFixed(1)}" width="${barWidth}" height="${length.toFixed(1)}" rx="2"/>`,
      `<text class="figure" x="${x + barWidth / 2}" y="${(y - 5).toFixed(1)}">${text}</text>`,
      `<text class="label" x="${x + barWidth / 2}" y="${barsTop + barsHeight + 14}">${shortened(label)}</text>`,
    ].join("");
  });
  return [
    `<text class="panel" y="14">${title}</text>`,
    ...drawn,
    `<text class="about" y="${barsTop + barsHeight + 30}">${unit}</text>`,
  ].join("\n");
}

/** Thousands as k: five labels have to fit beside each other. @param {string} label */
function shortened(label) {
  const value = Number(label.replaceAll(",", ""));
  return value >= 10_000 ? `${value / 1000}k` : label;
}

const style = [
  "text{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328}",
  ".title{font-size:16px;font-weight:600}.panel{font-size:13px;font-weight:600}",
  ".about{font-size:11px;fill:#59636e}.label{font-size:10px;fill:#59636e;text-anchor:middle}",
  ".figure{font-size:11px;text-anchor:middle;font-variant-numeric:tabular-nums}",
  ".bar{fill:#0969da}.back{fill:#fff;stroke:#d1d9e0}",
  "@media(prefers-color-scheme:dark){",
  "text{fill:#e6edf3}.about,.label{fill:#9198a1}.bar{fill:#4493f8}.back{fill:#0d1117;stroke:#3d444d}",
  "}",
].join("");
