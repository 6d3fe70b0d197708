/** What of a scenario is measured: its rows, which are case × server, as far as they were asked for and can be. */
import { peers } from "./server/peers.mjs";

/** @typedef {import("./scenarios/scenarios.mjs").Scenario} Scenario */
/** @typedef {ReturnType<typeof import("./arguments.mjs").readArguments>} Options */
/** @typedef {{ label: string, settings: Record<string, number>, peers: readonly string[] }} Case */

/**
 * @typedef {object} Plan
 * @property {number} rounds
 * @property {Case[]} cases
 * @property {import("./report/table.mjs").Row[]} rows In the order in which they are measured.
 * @property {{ peerName: string, missing: string }[]} leftOut
 * @property {boolean} isWhole Nothing was left away or made smaller: it may be kept as the result.
 */

/** @type {(scenario: Scenario, options: Options) => Plan} @throws when none of its cases was asked for */
export function planOf(scenario, options) {
  const cases = casesOf(scenario, options);
  const asked = scenario.peers.filter((peerName) => options.peers?.includes(peerName) ?? true);
  const leftOut = asked.flatMap((peerName) => {
    const { missing } = peers[peerName];
    return missing === undefined ? [] : [{ peerName, missing }];
  });
  const installed = asked.filter((peerName) => peers[peerName].missing === undefined);
  const rows = cases.flatMap(({ label, peers: possible }) =>
    installed
      .filter((peerName) => possible.includes(peerName))
      .map((peerName) => ({ caseLabel: label, peerName, outcomes: [] })),
  );
  const rounds = options.rounds ?? (options.quick ? 1 : scenario.defaultRounds);
  const isSmaller = options.quick || rounds < scenario.defaultRounds || options.set.size > 0;
  const isPart = options.peers !== undefined || options.cases.length > 0;
  return { rounds, cases, rows, leftOut, isWhole: !isSmaller && !isPart };
}

/** @type {(scenario: Scenario, options: Options) => Case[]} */
function casesOf({ name, cases, settings, peers: peerNames }, options) {
  const all = cases ?? [{ label: "", settings: settings ?? { full: {}, quick: {} } }];
  const isAsked = (/** @type {string} */ label) => options.cases.some((part) => label.includes(part));
  const chosen = !cases || options.cases.length === 0 ? all : all.filter(({ label }) => isAsked(label));
  if (chosen.length === 0) throw new Error(`${name} has no such case: ${all.map(({ label }) => label).join(" · ")}`);
  return chosen.map((one) => ({
    label: one.label,
    peers: one.peers ?? peerNames,
    settings: settled(options.quick ? one.settings.quick : one.settings.full, options.set),
  }));
}

/** @type {(settings: object, set: ReadonlyMap<string, number>) => Record<string, number>} */
function settled(settings, set) {
  return Object.fromEntries(Object.entries(settings).map(([key, value]) => [key, set.get(key) ?? value]));
}
