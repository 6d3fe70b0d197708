/** Who else has their cursor in a text, and in which line: a textarea cannot show other people's cursors inside. */
import type { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";

export interface PersonInText {
  readonly clientId: number;
  readonly name: string;
  /** `#rrggbb`. */
  readonly color: string;
  /** Counted from 1. */
  readonly line: number;
}

/** What others say of themselves is not trusted. */
export function peopleInText(text: Y.Text, awareness: Awareness): PersonInText[] {
  return [...awareness.getStates()].flatMap(([clientId, { user, cursor }]) => {
    const line = clientId === awareness.clientID ? undefined : lineOf(cursor?.head, text);
    if (line === undefined) return [];
    const name = String(user?.name ?? "").slice(0, 24) || "Somebody";
    const color = /^#[0-9a-f]{6}$/i.test(user?.color) ? String(user.color) : "#777777";
    return [{ clientId, name, color, line }];
  });
}

function lineOf(relativePosition: unknown, text: Y.Text): number | undefined {
  if (typeof relativePosition !== "object" || relativePosition === null || !text.doc) return undefined;
  try {
    const relative = Y.createRelativePositionFromJSON(relativePosition);
    const position = Y.createAbsolutePositionFromRelativePosition(relative, text.doc);
    return position?.type === text ? text.toString().slice(0, position.index).split("\n").length : undefined;
  } catch {
    return undefined; // Yjs throws on what is no position: nobody's line is worth that.
  }
}
