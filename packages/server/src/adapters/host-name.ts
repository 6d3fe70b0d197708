/** The host names that a browser sends: of the server it asks (`Host`), and of the page that asks (`Origin`). */
import { isLoopback } from "../exposure.js";

/** The name in a Host header, in lower case and without port and brackets; `undefined` when it is none. */
export function hostNameIn(host: string): string | undefined {
  // Of a URL these begin another part: a name before or behind them is not the host.
  return /[/\\?#@\s]/.test(host) ? undefined : hostNameOf(`http://${host}`);
}

/** The host name in a URL, or in an origin, as `hostNameIn` gives it. */
export function hostNameOf(url: string): string | undefined {
  if (!URL.canParse(url)) return undefined;
  return new URL(url).hostname.replace(/^\[(.*)\]$/, "$1") || undefined;
}

/** Whether `host`, a Host header, names this machine: who reaches it so is on it, and no name of another's points here. */
export function isLoopbackHost(host: string): boolean {
  return isLoopback(hostNameIn(host) ?? "");
}
