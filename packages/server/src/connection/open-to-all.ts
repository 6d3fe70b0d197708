/** Which `authorize` asks nobody who they are: whoever can reach such a server is let in. */
import { everybodyMayWrite, type Authorize } from "./authorize.js";

/**
 * A courtesy of the demo, and no protection: who follows a link for reading may read, and whoever takes the word out of the
 * link may write. For protection a token has to be one that cannot be made up.
 */
export const readersAsTheyWish: Authorize = ({ token }) => ({ access: token === "read-only" ? "read" : "write" });

export function asksNobody(authorize: Authorize): boolean {
  return authorize === everybodyMayWrite || authorize === readersAsTheyWish;
}
