/**
 * How Syncline's costs grow with members, rooms, size and history: each doubled four times, everything else as it was. For what limits
 * each, see docs/PERFORMANCE.md.
 */
import { measureCrowd } from "./growth-crowd.mjs";
import { measureDocument } from "./growth-document.mjs";
import { measureRooms } from "./growth-rooms.mjs";

/** @typedef {{ key: string, unit: string, first: number, quickFirst: number, fixed: Record<string, number>, measure: import("./scenarios.mjs").Measure }} Series */

const doublings = [1, 2, 4, 8, 16];

/** `key` is the setting that grows, and tells a case to which series it belongs. @type {readonly Series[]} */
export const growthSeries = [
  {
    key: "memberCount",
    unit: "members",
    first: 32,
    quickFirst: 2,
    fixed: { editsPerSecond: 50, seconds: 5 },
    measure: measureCrowd,
  },
  {
    key: "roomCount",
    unit: "rooms",
    first: 250,
    quickFirst: 4,
    fixed: { editsPerSecond: 0.5, warmUpSeconds: 4, seconds: 8 },
    measure: measureRooms,
  },
  {
    key: "kilobytes",
    unit: "kB",
    first: 500,
    quickFirst: 20,
    fixed: { charactersAnEdit: 100 },
    measure: measureDocument,
  },
  { key: "editCount", unit: "edits", first: 25_000, quickFirst: 1_000, fixed: {}, measure: measureDocument },
];

const cases = growthSeries.flatMap(({ key, unit, first, quickFirst, fixed }) =>
  doublings.map((times) => ({
    label: `${(first * times).toLocaleString("en")} ${unit}`,
    settings: { full: { [key]: first * times, ...fixed }, quick: { [key]: quickFirst * times, ...fixed } },
  })),
);

/** @type {import("./scenarios.mjs").Scenario} */
export const growth = {
  name: "growth",
  about: "what a step costs when there is twice as much of something",
  peers: ["syncline"],
  defaultRounds: 1,
  cases,
  columns: [
    { key: "deliveryUs", title: "CPU µs/delivery", digits: 2 },
    { key: "updateUs", title: "CPU µs/update", digits: 0 },
    { key: "roomHeapKB", title: "heap kB/room", digits: 1 },
    { key: "roomRssKB", title: "RSS kB/room", digits: 1 },
    { key: "openMs", title: "open ms", digits: 1 },
    { key: "openCpuMs", title: "open CPU ms", digits: 1 },
    { key: "receivedKiB", title: "received KiB", digits: 0 },
    { key: "logOpenMs", title: "open the log ms", digits: 1 },
    { key: "compactionCpuMs", title: "compaction CPU ms", digits: 0 },
  ],
  measure: (task) => {
    const series = growthSeries.find(({ key }) => key in task.settings);
    if (!series) throw new Error("no series has these settings");
    return series.measure(task);
  },
};
