/** What a pane shows of the document: one way to look at it, of several. Made when the document is here, never half of it. */
import type * as Y from "yjs";
import type { Awareness, Person } from "../people.js";

export interface ViewOptions {
  /** Empty, and the view's alone. */
  readonly parent: HTMLElement;
  readonly doc: Y.Doc;
  /** Of this view alone: what it says does not disturb the cursors of other views. */
  readonly awareness: Awareness;
  /** Whose pane it is. */
  readonly person: Person;
  /** For who cannot see which pane it is. */
  readonly label: string;
  /** Whether what arrives now was missed while away: it is shown as such for a moment. */
  readonly isCatchingUp: () => boolean;
}

export interface View {
  /** Edits could not be saved: they are refused, and what there is can still be copied. */
  isReadOnly: boolean;
  /** Keeps what this person does in sight, from now on; `undefined`: no longer anybody. */
  follow(clientId: number | undefined): void;
  destroy(): void;
}

export type OpenView = (options: ViewOptions) => View;
