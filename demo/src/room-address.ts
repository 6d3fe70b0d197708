/**
 * The page's address says which room, and how it is looked at: `#quiet-harbour-42&board&read-only`. Whoever opens the same
 * address edits the same document.
 */
import { viewNames, type ViewName } from "./document.js";

export interface RoomAddress {
  readonly room: string;
  readonly view: ViewName;
  /** Whoever opens this may look, and change nothing. */
  readonly isReadOnly: boolean;
}

const readOnlyWord = "read-only";

/** `undefined`: it names no room. Words that mean nothing are left out. */
export function addressIn(hash: string): RoomAddress | undefined {
  const [encoded = "", ...words] = hash.replace(/^#/, "").split("&");
  if (encoded === "") return undefined;
  const view = viewNames.find((name) => words.includes(name)) ?? "code";
  return { room: decoded(encoded), view, isReadOnly: words.includes(readOnlyWord) };
}

export function hashOf({ room, view, isReadOnly }: RoomAddress): string {
  const words = [encodeURIComponent(room)];
  if (view !== "code") words.push(view);
  if (isReadOnly) words.push(readOnlyWord);
  return `#${words.join("&")}`;
}

function decoded(encoded: string): string {
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Someone typed a lone "%": then that is the name.
    return encoded;
  }
}
