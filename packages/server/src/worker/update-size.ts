/** How large an update a thread makes may be, unless told otherwise. */
import { maxServerMessageBytes } from "@syncline/protocol";

/** An update of this size, a segment for one, and what a dialect puts around it fit into one message. */
export const defaultMaxUpdateBytes = maxServerMessageBytes - 1024;
