/** What `--demo` makes of a server: the page, the link for reading, and what the page's button asks. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readersAsTheyWish } from "../connection/open-to-all.js";
import { SynclineError } from "../error.js";
import type { ServerOptions } from "../options.js";
import { demoRoutes, type DemoRoutesOptions } from "./demo-routes.js";

const demoDirectory = fileURLToPath(new URL("../../demo-page", import.meta.url));

/** @throws {SynclineError} `invalid-option` when the page is not there */
export function demoOptions(
  options: DemoRoutesOptions,
): Pick<ServerOptions, "pageDirectory" | "authorize" | "respond"> {
  if (!existsSync(demoDirectory)) {
    throw new SynclineError("invalid-option", "--demo: the demo page is not built; run npm run build first");
  }
  return { pageDirectory: demoDirectory, authorize: readersAsTheyWish, respond: demoRoutes(options) };
}
