/** Whether a room takes edits, and what its members are told when it does not. */
import { access, type Access, type CloseCode } from "@syncline/protocol";
import { messageOf } from "../error.js";

/** What members may do, and why it is less than everything, where it is. */
export interface RoomAccess {
  readonly level: Access;
  readonly reason: string;
}

/** Why a room was ended: what its members are told, and who comes a moment too late. */
export interface Ending {
  readonly code: CloseCode;
  readonly reason: string;
}

export type RoomState =
  | { readonly kind: "writable" }
  /** The store refuses writes. What is admitted waits, and is tried again. */
  | { readonly kind: "read-only"; readonly reason: string }
  | { readonly kind: "ended"; readonly ending: Ending };

export function accessIn(state: RoomState): RoomAccess {
  switch (state.kind) {
    case "writable":
      return { level: access.write, reason: "" };
    case "read-only":
      return { level: access.read, reason: state.reason };
    case "ended":
      return { level: access.none, reason: state.ending.reason };
  }
}

/** For the person whose edit it is; the log has the details. */
export function whyNotSaved(error: unknown): string {
  const isFull = /ENOSPC|EDQUOT|no space left/i.test(messageOf(error));
  return `the server cannot save right now: its disk ${isFull ? "is full" : "takes no writes"}`;
}
