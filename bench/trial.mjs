/**
 * One measurement, in a process of its own: starts the server, is the load, sends what it found to run.mjs. It is ended with
 * its server by a signal, or when run.mjs is gone.
 */
import { peers } from "./server/peers.mjs";
import { scenarios } from "./scenarios/scenarios.mjs";

for (const signal of /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"])) process.on(signal, () => process.exit(1));
// The server that is running is killed on exit; see server-process.mjs.
process.on("disconnect", () => process.exit(1));

process.once("message", async (/** @type {import("./report/trials.mjs").TrialRequest} */ request) => {
  const { scenarioName, peerName, step, ...task } = request;
  const run = scenarios[scenarioName][step];
  try {
    const outcome = await run?.({ ...task, peer: peers[peerName] });
    process.send?.({ type: "outcome", outcome }, () => process.exit(0));
  } catch (error) {
    const wrong = error instanceof Error ? (process.env.BENCH_DEBUG ? error.stack : error.message) : String(error);
    process.send?.({ type: "outcome", outcome: { wrong, figures: {} } }, () => process.exit(0));
  }
});
