/** Who answers for what a client sends, as far as is known: the person its token names, or the network it comes from. */
import { isLoopback } from "../exposure.js";

/**
 * `undefined` for who is nobody in particular: without a subject, an address that is not known, or this machine's own. There
 * sits a proxy, with everybody behind it, or a developer.
 *
 * @param address `""` when it is not known
 */
export function principalOf(subject: string | undefined, address: string): string | undefined {
  if (subject !== undefined) return `subject ${subject}`;
  // IPv4 as a socket for both writes it.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, "");
  if (plain === "" || isLoopback(plain)) return undefined;
  return `address ${plain.includes(":") ? networkOf(plain) : plain}`;
}

/** The first half of an IPv6 address: who has one has all that share it. */
function networkOf(address: string): string {
  const [head = "", tail] = address.toLowerCase().split("::", 2);
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: Math.max(0, groupCount - left.length - right.length) }, () => "0");
  const groups = tail === undefined ? left : [...left, ...zeros, ...right];
  return `${groups.slice(0, groupCount / 2).join(":")}::/64`;
}

const groupCount = 8;

/** Without leading zeros; what is after a `%` names an interface. */
function groupsOf(part: string): string[] {
  if (part === "") return [];
  return part.split(":").map((group) => group.replace(/%.*/, "").replace(/^0+(?=.)/, ""));
}
