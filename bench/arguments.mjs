/** What the command line of run.mjs asks for. */
import { tmpdir } from "node:os";
import { parseArgs } from "node:util";
import { peers } from "./server/peers.mjs";
import { scenarios } from "./scenarios/scenarios.mjs";

/** @typedef {import("./scenarios/scenarios.mjs").Scenario} Scenario */

/** @throws with a sentence for who typed it */
export function readArguments() {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      quick: { type: "boolean", default: false },
      rounds: { type: "string" },
      peers: { type: "string" },
      cases: { type: "string", multiple: true, default: [] },
      dir: { type: "string", default: tmpdir() },
      set: { type: "string", default: "" },
      json: { type: "boolean", default: false },
      render: { type: "boolean", default: false },
    },
  });
  const names = positionals.length > 0 ? positionals : Object.keys(scenarios);
  assertKnown("scenario", names, scenarios);
  const peerNames = values.peers?.split(",");
  assertKnown("peer", peerNames ?? [], peers);
  return {
    chosen: names.map((name) => scenarios[name]),
    quick: values.quick,
    rounds: values.rounds === undefined ? undefined : roundsOf(values.rounds),
    peers: peerNames,
    cases: values.cases,
    directory: values.dir,
    set: settingsOf(values.set),
    json: values.json,
    /** Nothing is measured; the page and the chart are made of what was. */
    isRenderOnly: values.render,
  };
}

/** @type {(what: string, names: readonly string[], known: object) => void} */
function assertKnown(what, names, known) {
  const unknown = names.find((name) => !(name in known));
  if (unknown !== undefined) throw new Error(`no ${what} ${unknown}; there are ${Object.keys(known).join(", ")}`);
}

/** @param {string} text */
function roundsOf(text) {
  const rounds = Number(text);
  if (!Number.isInteger(rounds) || rounds < 1) throw new Error("--rounds takes a whole number");
  return rounds;
}

/** @param {string} text @returns {ReadonlyMap<string, number>} */
function settingsOf(text) {
  const pairs = text.split(",").flatMap((pair) => (pair === "" ? [] : [pair.split("=")]));
  const notANumber = pairs.find(([, value]) => !(Number(value) > 0));
  if (notANumber) throw new Error(`--set ${notANumber[0]}: takes a number above 0`);
  return new Map(pairs.map(([key, value]) => [key, Number(value)]));
}
