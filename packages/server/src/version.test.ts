import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { version } from "./version.js";

test("the version is the package's", async () => {
  const manifest = await readFile(new URL("../package.json", import.meta.url), "utf8");
  expect((JSON.parse(manifest) as { version: string }).version).toBe(version);
});
