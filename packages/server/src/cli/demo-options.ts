/** What `--demo` makes of a server: the page, the link for reading, and what the page's button asks. */
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Authorize } from "../connection/authorize.js";
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

/**
 * A courtesy of the demo, and no protection: who follows a link for reading may read, and whoever takes the word out of the
 * link may write. For protection a token has to be one that cannot be made up.
 */
const readersAsTheyWish: Authorize = ({ token }) => ({ access: token === "read-only" ? "read" : "write" });
