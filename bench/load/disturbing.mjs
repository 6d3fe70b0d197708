/** The process of a Disturber: builds one disturbance, repeats it from "start" to "stop", says what came of it. */
import { setTimeout as pause } from "node:timers/promises";
import { peers } from "../server/peers.mjs";
import { disturbanceOf } from "./disturbances.mjs";

/** @typedef {import("./disturber.mjs").DisturberRequest} DisturberRequest */

let isOver = false;

process.on("disconnect", () => process.exit(0));
process.once("message", async (/** @type {DisturberRequest} */ { peerName, port, settings }) => {
  const disturbance = await disturbanceOf(settings, { port, peer: peers[peerName] });
  process.on("message", (message) => {
    if (message === "stop") isOver = true;
    else void repeat(disturbance);
  });
  process.send?.({ type: "ready" });
});

/** @param {import("./disturbances.mjs").Disturbance} disturbance */
async function repeat({ everyMs, disturb, wrong }) {
  /** @type {number[]} */
  const tookMs = [];
  let trouble;
  try {
    while (!isOver) {
      const startMs = performance.now();
      if (!(await disturb(tookMs.length))) break;
      tookMs.push(performance.now() - startMs);
      // In small steps: it is to end when it is told to.
      while (!isOver && performance.now() - startMs < everyMs) await pause(10);
      await pause(1);
    }
    while (!isOver) await pause(10);
    trouble = await wrong(tookMs.length);
  } catch (error) {
    trouble = error instanceof Error ? error.message : String(error);
  }
  process.send?.({ type: "done", disturbed: { wrong: trouble, count: tookMs.length, tookMs } });
}
