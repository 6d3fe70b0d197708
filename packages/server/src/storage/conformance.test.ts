import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, test } from "vitest";
import { storageConformance } from "./conformance.js";
import { LevelStorage } from "./level.js";
import { MemoryStorage } from "./memory.js";

describe("the memory store keeps the contract", () => {
  for (const { name, run } of storageConformance) test(name, () => run(async () => new MemoryStorage()));
});

describe("the LevelDB store keeps the contract", () => {
  let directory = "";
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "syncline-conformance-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  for (const { name, run } of storageConformance) test(name, () => run(() => LevelStorage.open(directory)));
});
