/** The scenarios by name, and what one is. */
import { coldOpen } from "./cold-open.mjs";
import { memory } from "./memory.mjs";
import { latency, rooms } from "./typing.mjs";

/**
 * @typedef {object} Task
 * @property {import("../server/peers.mjs").Peer} peer
 * @property {string} directory A fresh one of this measurement.
 * @property {string} preparedDirectory What `prepare` made for this peer.
 * @property {Record<string, number>} settings
 */

/** @typedef {{ wrong: string | undefined, figures: Record<string, number> }} Outcome `wrong` makes the row void. */
/** @typedef {(task: Task) => Promise<Outcome>} Measure */

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} about
 * @property {string[]} peers
 * @property {number} defaultRounds
 * @property {{ full: object, quick: object }} settings
 * @property {{ key: string, title: string, digits: number }[]} columns Of the table; there may be more figures in the JSON.
 * @property {Measure} [prepare] Once per peer, before the rounds. Its figures are shown once.
 * @property {Measure} measure Once per peer and round, in a process of its own.
 */

/** @type {Readonly<Record<string, Scenario>>} */
export const scenarios = { rooms, "cold-open": coldOpen, memory, latency };
