/** What a client may do in a room at the moment: the lesser of what the room takes and what the client was granted. */
import { closeCodes, access, mayWrite, type Access, type CloseCode } from "@syncline/protocol";
import type { RoomAccess } from "../room/room-state.js";
import type { Grant } from "./authorize.js";

/** What a client is told of it. */
export interface EffectiveAccess extends RoomAccess {
  /** The root types it may write to, as a JSON list; `""`: all that the level allows. */
  readonly roots: string;
}

/** Why an update of a client was not taken, whose token allows no writing. */
export const mayNotWrite = { code: closeCodes.forbidden, reason: "you may read this document, not change it" } as const;

export function effectiveAccess(room: RoomAccess, { level, standing }: Grant): EffectiveAccess {
  const roots = mayWrite(level) && standing.roots ? JSON.stringify(standing.roots) : "";
  // Where both say no the client's own reason is the one that lasts.
  // To a client no reason means that there is no trouble, and nothing to wait for: what it writes is refused.
  if (!mayWrite(level)) return room.level === access.none ? { ...room, roots } : { level, reason: "", roots };
  return room.level === access.write ? { level, reason: "", roots } : { ...room, roots };
}

export function whyNotWrite({ level }: { readonly level: Access }): {
  readonly code: CloseCode;
  readonly reason: string;
} {
  if (level !== access.presence) return mayNotWrite;
  return { code: closeCodes.forbidden, reason: "you may see who is here, not read or change the document" };
}
