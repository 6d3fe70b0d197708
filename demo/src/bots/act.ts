/** What a bot does in one view: a script in steps. Each view has one; all of them go by this page. */
import type * as Y from "yjs";
import type { Chance } from "./chance.js";
import type { Handiwork } from "./handiwork.js";

export interface Stage {
  /** The bot's own, with what everybody in the room wrote. It may change between two steps. */
  readonly doc: Y.Doc;
  readonly chance: Chance;
  /** Of the view. All that the bot writes is part of a piece of it. */
  readonly work: Handiwork;
  /** `#rrggbb`, the bot's. */
  readonly color: string;
  /** Says where the bot is, in the fields that the view's presence has. */
  readonly show: (presence: Readonly<Record<string, unknown>>) => void;
}

/** Between two steps the bot waits for its turn; in a step it makes one edit at most, and shows itself once. */
export type Act = (stage: Stage) => Generator<void, void, void>;
