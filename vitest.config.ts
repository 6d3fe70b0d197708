import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Five projects: beside the source, across packages over real sockets, campaigns, simulated worlds, and a real browser on the demo page. */
export default defineConfig({
  test: {
    // Most of a test's time is waiting: for disks, sockets, a browser. Each has servers and directories of its own.
    maxWorkers: 2,
    reporters: ["default", "./scripts/count-reporter.ts"],
    projects: [
      {
        test: {
          name: "unit",
          // Needs nothing built, but for tests of the server's threads.
          alias: { "@syncline/protocol": fileURLToPath(new URL("packages/protocol/src/index.ts", import.meta.url)) },
          include: ["packages/*/src/**/*.test.{ts,tsx}", "demo/src/**/*.test.ts"],
          testTimeout: 30_000,
        },
      },
      {
        test: {
          name: "sockets",
          include: ["test/{sockets,hostile,failures,migration,workspace,packages}/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "campaigns",
          include: ["test/campaigns/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: "simulation",
          include: ["test/simulation/**/*.test.ts"],
          testTimeout: 120_000,
        },
      },
      {
        test: {
          name: "browser",
          include: ["test/browser/**/*.test.ts"],
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
});
