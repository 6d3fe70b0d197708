/**
 * What is loaded when it is needed is fetched before, once the page has shown what was asked for: browsers do not ask again for a
 * part that failed once, and this page invites to kill the server that has it.
 */
import { viewNames } from "./document.js";
import { loadView } from "./views/catalogue.js";

/** Longest wait for a moment in which nothing else is to be done. */
const timeout = 3_000;

export function loadTheRestWhenIdle(): void {
  const load = () =>
    Promise.allSettled([
      ...viewNames.map(loadView),
      import("./bots/bots.js"),
      import("./code-dialog.js"),
      import("./views/code/source.js"),
      import("uqr"),
    ]);
  // Safari does not have it.
  if ("requestIdleCallback" in globalThis) requestIdleCallback(load, { timeout });
  else setTimeout(load, timeout);
}
