/** IP addresses as text: one way to write each. */
import { isIP, isIPv4 } from "node:net";

const mappedPrefix = "::ffff:";

/**
 * `text` without a port, brackets and zone, an IPv4 address that is written as IPv6 as IPv4. `undefined` when it is no
 * address: proxies also write "unknown", or names of their own.
 */
export function plainAddress(text: string): string | undefined {
  const bare = withoutPort(text.trim()).replace(/%.*$/, "").toLowerCase();
  const unmapped = bare.startsWith(mappedPrefix) ? bare.slice(mappedPrefix.length) : bare;
  if (isIPv4(unmapped)) return unmapped;
  return isIP(bare) === 0 ? undefined : bare;
}

function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text);
  if (bracketed) return bracketed[1] ?? "";
  return /^[^:]*:\d+$/.test(text) ? text.slice(0, text.indexOf(":")) : text;
}
