/** Runs one measurement in a child process, within a time limit, and sees to it that nothing of it stays behind. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";

const trialModule = new URL("../trial.mjs", import.meta.url);
const trialLimitMs = 600_000;

/**
 * @typedef {object} TrialRequest
 * @property {string} scenarioName
 * @property {string} caseLabel Empty where there are no cases.
 * @property {string} peerName
 * @property {"prepare" | "measure"} step
 * @property {string} directory
 * @property {string} preparedDirectory
 * @property {Record<string, number>} settings
 */

export class Trials {
  #root;
  /** @type {import("node:child_process").ChildProcess | undefined} */
  #child;
  /** Servers the running trial has started and not seen end. @type {Set<number>} */
  #serverPids = new Set();
  #isAborted = false;

  /** @param {string} parentDirectory Where documents go; its file system is measured with the servers. */
  constructor(parentDirectory) {
    mkdirSync(parentDirectory, { recursive: true });
    this.#root = mkdtempSync(join(parentDirectory, "syncline-bench-"));
  }

  /**
   * @param {Omit<TrialRequest, "directory" | "preparedDirectory">} request
   * @returns {Promise<import("../scenarios/scenarios.mjs").Outcome>}
   */
  async run(request) {
    this.#assertNotAborted();
    const directory = mkdtempSync(join(this.#root, "trial-"));
    const { scenarioName, caseLabel, peerName } = request;
    const preparedName = ["prepared", scenarioName, caseLabel, peerName].join("-").replace(/[^\w-]/g, "_");
    const preparedDirectory = join(this.#root, preparedName);
    const child = (this.#child = fork(trialModule, { stdio: ["ignore", "inherit", "inherit", "ipc"] }));
    /** @type {import("../scenarios/scenarios.mjs").Outcome} */
    let outcome = { wrong: "the measuring process ended early", figures: {} };
    child.on("message", (/** @type {{ type: string, pid: number, outcome: typeof outcome }} */ message) => {
      if (message.type === "server-started") this.#serverPids.add(message.pid);
      if (message.type === "server-ended") this.#serverPids.delete(message.pid);
      if (message.type === "outcome") outcome = message.outcome;
    });
    const limit = setTimeout(() => {
      outcome = { wrong: `not done within ${trialLimitMs / 1000} s`, figures: {} };
      child.kill("SIGTERM");
    }, trialLimitMs);
    child.send({ ...request, directory, preparedDirectory });
    const [, signal] = await once(child, "exit");
    clearTimeout(limit);
    this.#child = undefined;
    // A trial ends its servers itself, unless it was killed.
    if (signal) this.#endServers();
    this.#serverPids.clear();
    rmSync(directory, { recursive: true, force: true });
    this.#assertNotAborted();
    return outcome;
  }

  /** Has the running trial end itself and its server; `run` then throws. */
  abort() {
    this.#isAborted = true;
    this.#child?.kill("SIGTERM");
  }

  close() {
    rmSync(this.#root, { recursive: true, force: true });
  }

  #assertNotAborted() {
    if (this.#isAborted) throw new Error("interrupted");
  }

  #endServers() {
    for (const pid of this.#serverPids) {
      try {
        process.kill(pid, "SIGKILL");
      } catch {
        // It is gone already.
      }
    }
  }
}
