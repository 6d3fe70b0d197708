import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { clientName } from "./version.js";

test("the name a server sees has the package's version", async () => {
  const manifest = await readFile(new URL("../package.json", import.meta.url), "utf8");
  const { name, version } = JSON.parse(manifest) as { name: string; version: string };
  expect(clientName).toBe(`${name} ${version}`);
});
