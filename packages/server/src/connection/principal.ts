/** Who answers for what a client sends, once it was let in: whom its token names, else the network it comes from. */
import { countedAs } from "../counted-address.js";
import { isLoopback } from "../exposure.js";
import type { Standing } from "../room/standing.js";

/** What a token says of whose it is. */
export interface Names {
  readonly subject?: string | undefined;
  readonly tokenId?: string | undefined;
}

interface Granted {
  readonly standing: Pick<Standing, "subject">;
  readonly tokenId: string | undefined;
}

export function namesIn({ standing: { subject }, tokenId }: Granted): Names {
  return { subject, tokenId };
}

/**
 * For who was let in only: before that a client has shown nothing but an address, and behind that there may be many. `undefined`
 * for who is nobody in particular: without a name, an address that is not known, or this machine's own. There sits a proxy, with
 * everybody behind it, or a developer.
 *
 * @param address `""` when it is not known
 */
export function principalOf({ subject, tokenId }: Names, address: string): string | undefined {
  if (subject !== undefined) return `subject ${subject}`;
  if (tokenId !== undefined) return `token ${tokenId}`;
  if (address === "" || isLoopback(address)) return undefined;
  return `address ${countedAs(address)}`;
}
