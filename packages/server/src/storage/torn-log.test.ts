/**
 * A full disk, for real: the process may not write files beyond a size, so LevelDB's write fails half-way, as it does
 * without space. Then the limit is lifted. What is reported as written after that must be there when it is opened again.
 */
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { LevelStorage } from "./level.js";

const canLimitFiles = spawnSync("prlimit", ["--version"]).status === 0;

let directory = "";
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "syncline-torn-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const level = new URL("../../dist/storage/level.js", import.meta.url).href;

/** Appends records until one is refused, says so, waits to be told that there is space, and appends more. */
const writer = `
  import { LevelStorage } from ${JSON.stringify(level)};
  process.on("SIGXFSZ", () => {});
  const store = await LevelStorage.open(process.argv[1]);
  const append = (seq, bytes) =>
    store.append([{ documentName: "d", generation: "g", previousSeq: seq, updates: [new Uint8Array(bytes).fill(7)] }]);
  let seq = 0;
  for (let refused = false; !refused && seq < 1000; ) {
    try { await append(seq, 1500); seq += 1; } catch { refused = true; }
  }
  console.log("refused", seq);
  await new Promise((resolve) => process.stdin.once("data", resolve));
  for (let more = 0; more < 20; more++) { await append(seq, 100); seq += 1; }
  console.log("written", seq);
  process.kill(process.pid, "SIGKILL");
`;

test.skipIf(!canLimitFiles)("what is written after a full disk had space again is there after a restart", async () => {
  const child = spawn(process.execPath, ["--input-type=module", "-e", writer, directory], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  let output = "";
  child.stdout.on("data", (chunk: Uint8Array) => (output += String(chunk)));
  const says = async (word: string) => {
    for (;;) {
      const count = new RegExp(`${word} (\\d+)`).exec(output)?.[1];
      if (count !== undefined) return Number(count);
      await Promise.race([once(child.stdout, "data"), exited]);
      if (child.exitCode !== null) throw new Error(`the writer stopped: ${output}`);
    }
  };
  spawnSync("prlimit", [`--pid=${child.pid}`, "--fsize=40000:unlimited"]);
  const refusedAt = await says("refused");
  expect(refusedAt).toBeGreaterThan(0);
  expect(refusedAt).toBeLessThan(1000);
  spawnSync("prlimit", [`--pid=${child.pid}`, "--fsize=unlimited:unlimited"]);
  child.stdin.write("space\n");
  const written = await says("written");
  await exited;

  const store = await LevelStorage.open(directory);
  let last = 0;
  for await (const record of store.readRecords("d", 0)) {
    expect(record.seq).toBe(last + 1);
    last = record.seq;
  }
  await store.close();
  expect(last).toBe(written);
});
