/** IP addresses as text: one way to write each, and what counts as one client. */
import { isIP, isIPv4 } from "node:net";

const mappedPrefix = "::ffff:";
/** Of an IPv6 address: what a provider hands to one household or one machine. */
const groupsOfNetwork = 4;
const groupsOfAddress = 8;

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

/** Under what clients of `address` are counted together: the address itself, of IPv6 its /64. */
export function countedAs(address: string): string {
  if (!address.includes(":")) return address;
  return `${groupsOf(address).slice(0, groupsOfNetwork).join(":")}::/64`;
}

function withoutPort(text: string): string {
  const bracketed = /^\[([^\]]*)\](?::\d+)?$/.exec(text);
  if (bracketed) return bracketed[1] ?? "";
  return /^[^:]*:\d+$/.test(text) ? text.slice(0, text.indexOf(":")) : text;
}

/** All eight, of a valid address, each without leading zeros. */
function groupsOf(address: string): string[] {
  const [head = "", tail] = address.split("::", 2);
  const before = partsOf(head);
  const after = partsOf(tail ?? "");
  const missing = tail === undefined ? 0 : groupsOfAddress - before.length - after.length;
  return [...before, ...Array<string>(missing).fill("0"), ...after];
}

function partsOf(text: string): string[] {
  if (text === "") return [];
  return text.split(":").flatMap((part) => (part.includes(".") ? ["0", "0"] : Number.parseInt(part, 16).toString(16)));
}
