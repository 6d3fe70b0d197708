/** The scenarios by name, and what one is. */
import { coldOpen } from "./cold-open.mjs";
import { connections } from "./connections.mjs";
import { fanOut } from "./fan-out.mjs";
import { growth } from "./growth.mjs";
import { attacks, largePaste } from "./heavy-room.mjs";
import { kill } from "./kill.mjs";
import { largeDocument } from "./large-document.mjs";
import { memory } from "./memory.mjs";
import { presence } from "./presence.mjs";
import { slowReader } from "./slow-reader.mjs";
import { storm } from "./storm.mjs";
import { latency, rooms } from "./typing.mjs";

/**
 * @typedef {object} Task
 * @property {import("../server/peers.mjs").Peer} peer
 * @property {string} directory A fresh one of this measurement.
 * @property {string} preparedDirectory What `prepare` made for this peer.
 * @property {string} caseLabel Empty where there are no cases.
 * @property {Record<string, number>} settings
 */

/** @typedef {{ wrong: string | undefined, figures: Record<string, number> }} Outcome `wrong` makes the row void. */
/** @typedef {(task: Task) => Promise<Outcome>} Measure */

/** @typedef {{ full: object, quick: object }} Settings Numbers by name. */

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} about
 * @property {string[]} peers
 * @property {number} defaultRounds
 * @property {Settings} [settings] Where there are no cases.
 * @property {{ label: string, settings: Settings, peers?: readonly string[] }[]} [cases] Rows of the table are case × peer;
 *   `peers` where not all of the scenario's can take part.
 * @property {{ key: string, title: string, digits: number }[]} columns Of the table; there may be more figures in the JSON.
 * @property {{ key: string, title: string, about?: string, cases?: readonly string[] }} [chart] The column that goes on the
 *   chart, where less is better; what to call it there; what it is about, if shorter than the scenario's; of which cases, all by
 *   default. A line has room for some 60 characters of the title, and 80 of the case and what it is about.
 * @property {Measure} [prepare] Once per case and peer, before the rounds. Its figures are shown once.
 * @property {Measure} measure Once per case, peer and round, in a process of its own.
 */

/** @type {Readonly<Record<string, Scenario>>} */
export const scenarios = {
  rooms,
  "fan-out": fanOut,
  presence,
  "cold-open": coldOpen,
  memory,
  kill,
  latency,
  growth,
  storm,
  connections,
  "slow-reader": slowReader,
  "large-document": largeDocument,
  "large-paste": largePaste,
  attacks,
};
