/** Builds or serves every recipe's pages at once. Each folder also stands alone, with Vite's defaults or a configuration of its own. */
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vite";
import monaco from "./monaco/vite.config.js";

const root = fileURLToPath(new URL(".", import.meta.url));
const pages = readdirSync(root).flatMap((folder) =>
  ["index.html", "react.html"].map((page) => `${root}${folder}/${page}`).filter((page) => existsSync(page)),
);

export default defineConfig({
  ...monaco,
  root,
  base: "./",
  appType: "mpa",
  oxc: { jsx: { runtime: "automatic" } },
  build: {
    rolldownOptions: {
      input: [`${root}index.html`, ...pages],
      // "use client" means nothing here, and BlockNote's components say it thousands of times.
      onLog: (level, log, report) => log.code !== "MODULE_LEVEL_DIRECTIVE" && report(level, log),
    },
    chunkSizeWarningLimit: 4_000,
    reportCompressedSize: false,
  },
});
