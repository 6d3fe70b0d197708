import { defineConfig } from "vite";

/** The server serves the demo from its own package, so that it is there when the package is installed. */
export default defineConfig({
  base: "./",
  build: {
    outDir: "../packages/server/demo-page",
    emptyOutDir: true,
    target: "es2022",
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    // On a slow machine it would tell whoever tries `npm start` how long the plugins took.
    rolldownOptions: { checks: { bundlerTimings: false } },
  },
  server: {
    proxy: { "/.syncline": { target: "ws://127.0.0.1:1234", ws: true } },
  },
});
