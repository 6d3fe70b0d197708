/**
 * results.svg: one panel a scenario or case, one bar a server, medians. Bars begin at 0 and are as long as the figure is large, within
 * a panel; panels have their own scales, because their units differ. It brings its own background, so that it can be read on any.
 */
import { median } from "./statistics.mjs";

/** @typedef {import("./page.mjs").Measured} Measured */
/** @typedef {{ peerName: string, value: number | undefined, text: string }} Bar No value where the row is void. */
/** @typedef {{ title: string[], about: string[], bars: Bar[] }} Panel Title and about line by line. */

const columnCount = 2;
const columnWidth = 470;
const margin = 28;
const gap = 36;
const headerHeight = 84;
/** Characters that fit into a panel's width, and from one line to the next. */
const titleLine = { length: 62, height: 17 };
const aboutLine = { length: 80, height: 15 };
const barHeight = 14;
const barPitch = 20;
const panelGap = 26;
const nameWidth = 132;
const figureWidth = 74;

const note =
  "Medians; each panel has its own scale, from 0. bare-ws and bare-batching are relays that know no CRDT and keep nothing.";

/** One colour a server, for light and for dark. @type {Readonly<Record<string, readonly [light: string, dark: string]>>} */
const colours = {
  syncline: ["#0969da", "#4493f8"],
  "syncline-immediate": ["#54aeff", "#79c0ff"],
  "y-websocket-server": ["#bc4c00", "#f0883e"],
  hocuspocus: ["#8250df", "#ab7df8"],
  "bare-ws": ["#8c959f", "#7d8590"],
  "bare-batching": ["#afb8c1", "#545d68"],
};

/** @param {readonly Measured[]} measured @returns {string} SVG */
export function chart(measured) {
  const panels = measured.flatMap(panelsOf);
  const heights = Array.from({ length: columnCount }, () => headerHeight);
  const drawn = panels.map((panel) => {
    // Into the column that is shortest so far.
    const column = heights.indexOf(Math.min(...heights));
    const x = margin + column * (columnWidth + gap);
    const y = heights[column];
    heights[column] += headingHeight(panel) + panel.bars.length * barPitch + panelGap;
    return `<g transform="translate(${x} ${y})">${drawPanel(panel)}</g>`;
  });
  const width = 2 * margin + columnCount * columnWidth + (columnCount - 1) * gap;
  const height = Math.max(...heights);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Syncline beside other servers; less is better">`,
    `<style>${styles()}</style>`,
    `<rect class="back" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>`,
    drawText("title", 32, "Less is better", margin),
    drawText("about", 50, note, margin),
    drawText("about", 66, where(measured), margin),
    ...drawn,
    "</svg>",
    "",
  ].join("\n");
}

/** @param {readonly Measured[]} measured */
function where(measured) {
  const dates = measured.map(({ result }) => result.circumstances.at.slice(0, 10)).sort();
  const machines = new Set(measured.map(({ result }) => result.circumstances.machine));
  const span = dates[0] === dates[dates.length - 1] ? dates[0] : `${dates[0]} to ${dates[dates.length - 1]}`;
  return [span, ...machines].join(" · ");
}

/** @param {Measured} measured @returns {Panel[]} */
function panelsOf({ scenario, result }) {
  const { chart: wanted, columns } = scenario;
  const column = columns.find(({ key }) => key === wanted?.key);
  if (!wanted || !column) return [];
  const about = wanted.about ?? scenario.about;
  const labels = result.cases.map(({ label }) => label).filter((label) => wanted.cases?.includes(label) ?? true);
  return labels.map((label) => {
    const rows = result.rows.filter(({ caseLabel }) => caseLabel === label);
    return {
      title: linesOf(wanted.title, titleLine.length),
      about: linesOf(label === "" ? about : `${label} · ${about}`, aboutLine.length),
      bars: rows.flatMap((row) => barOf(row, column)),
    };
  });
}

/** @type {(row: import("./table.mjs").Row, column: { key: string, digits: number }) => Bar[]} */
function barOf({ peerName, outcomes }, { key, digits }) {
  if (outcomes.some(({ wrong }) => wrong)) return [{ peerName, value: undefined, text: "void" }];
  const values = outcomes.map(({ figures }) => figures[key]).filter((value) => Number.isFinite(value));
  if (values.length === 0) return [];
  const value = median(values);
  const text = value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
  return [{ peerName, value, text }];
}

/** @param {Pick<Panel, "title" | "about">} panel */
const headingHeight = ({ title, about }) => title.length * titleLine.height + about.length * aboutLine.height + 10;

/** @param {Panel} panel */
function drawPanel({ title, about, bars }) {
  const largest = Math.max(...bars.map(({ value = 0 }) => value));
  const room = columnWidth - nameWidth - figureWidth;
  const titles = title.map((line, index) => drawText("panel", 14 + index * titleLine.height, line));
  const aboutTop = title.length * titleLine.height + 13;
  const abouts = about.map((line, index) => drawText("about", aboutTop + index * aboutLine.height, line));
  const drawn = bars.map(({ peerName, value, text }, index) => {
    const y = headingHeight({ title, about }) + index * barPitch;
    const length = value === undefined || largest === 0 ? 0 : Math.max(1, (value / largest) * room);
    return [
      drawText(peerName === "syncline" ? "name own" : "name", y + 11, peerName, nameWidth - 10),
      `<rect class="${peerName}" x="${nameWidth}" y="${y}" width="${length.toFixed(1)}" height="${barHeight}" rx="2"/>`,
      drawText("figure", y + 11, text, nameWidth + length + 6),
    ].join("");
  });
  return [...titles, ...abouts, ...drawn].join("\n");
}

/** @type {(kind: string, y: number, text: string, x?: number) => string} */
function drawText(kind, y, text, x = 0) {
  const escaped = text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
  return `<text class="${kind}" x="${x.toFixed(1)}" y="${y}">${escaped}</text>`;
}

/** Broken between words. @type {(text: string, length: number) => string[]} */
function linesOf(text, length) {
  return text.split(" ").reduce((/** @type {string[]} */ lines, word) => {
    const last = lines[lines.length - 1];
    if (last === undefined || last.length + 1 + word.length > length) return [...lines, word];
    return [...lines.slice(0, -1), `${last} ${word}`];
  }, []);
}

function styles() {
  const fills = (/** @type {0 | 1} */ theme) =>
    Object.entries(colours)
      .map(([peerName, pair]) => `.${peerName}{fill:${pair[theme]}}`)
      .join("");
  return [
    "text{font:12px system-ui,-apple-system,'Segoe UI',Helvetica,Arial,sans-serif;fill:#1f2328}",
    ".title{font-size:16px;font-weight:600}.panel{font-size:13px;font-weight:600}.about{font-size:11px;fill:#59636e}",
    ".name{text-anchor:end}.own{font-weight:600}.figure{font-variant-numeric:tabular-nums}",
    `.back{fill:#fff;stroke:#d1d9e0}${fills(0)}`,
    "@media(prefers-color-scheme:dark){",
    `text{fill:#e6edf3}.about{fill:#9198a1}.back{fill:#0d1117;stroke:#3d444d}${fills(1)}`,
    "}",
  ].join("");
}
