/** Who answers for what a client sends, as far as is known: the person its token names, or the network it comes from. */
import { countedAs } from "../counted-address.js";
import { isLoopback } from "../exposure.js";

/**
 * `undefined` for who is nobody in particular: without a subject, an address that is not known, or this machine's own. There
 * sits a proxy, with everybody behind it, or a developer.
 *
 * @param address `""` when it is not known
 */
export function principalOf(subject: string | undefined, address: string): string | undefined {
  if (subject !== undefined) return `subject ${subject}`;
  if (address === "" || isLoopback(address)) return undefined;
  return `address ${countedAs(address)}`;
}
