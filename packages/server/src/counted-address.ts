/** What counts as one client, of those whose addresses are all that is known of them. */

/** Of an IPv6 address: what a provider hands to one household or one machine. */
const groupsOfNetwork = 4;
const groupsOfAddress = 8;

/** Under what clients of `address` are counted together: the address itself, of IPv6 its /64. */
export function countedAs(address: string): string {
  if (!address.includes(":")) return address;
  return `${groupsOf(address).slice(0, groupsOfNetwork).join(":")}::/64`;
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
