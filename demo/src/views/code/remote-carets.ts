/**
 * Everyone's carets in CodeMirror. y-codemirror.next can draw them, too, but tells people apart by their colour alone: of two
 * who have the same one, each may get the other's name.
 */
import type { EditorState, Extension, Range } from "@codemirror/state";
import { Decoration, ViewPlugin, WidgetType, type DecorationSet, type EditorView } from "@codemirror/view";
import * as Y from "yjs";
import type { Person } from "../../people.js";
import { caretOf, selectionOf } from "../caret.js";
import type { CaretState, CheckedAwareness } from "../checked-awareness.js";

/** To come after what keeps `text` and the editor the same. */
export function remoteCarets(text: Y.Text, presence: CheckedAwareness): Extension {
  return ViewPlugin.define((view) => new RemoteCarets(view, text, presence), { decorations: (carets) => carets.drawn });
}

class RemoteCarets {
  readonly #view: EditorView;
  readonly #text: Y.Text;
  readonly #presence: CheckedAwareness;
  drawn: DecorationSet;

  constructor(view: EditorView, text: Y.Text, presence: CheckedAwareness) {
    this.#view = view;
    this.#text = text;
    this.#presence = presence;
    this.drawn = this.#draw(view.state);
    presence.on("change", this.#onChange);
  }

  update({ state }: { readonly state: EditorState }): void {
    this.#publish(state);
    this.drawn = this.#draw(state);
  }

  destroy(): void {
    this.#presence.off("change", this.#onChange);
  }

  /** Its own is changed in the middle of an update, and not drawn. */
  readonly #onChange = (change: Readonly<Record<"added" | "updated" | "removed", readonly number[]>>): void => {
    const clientIds = [...change.added, ...change.updated, ...change.removed];
    if (clientIds.some((clientId) => clientId !== this.#presence.clientID)) this.#view.dispatch({});
  };

  #publish({ selection }: EditorState): void {
    if (!this.#view.hasFocus) return;
    const anchor = Y.createRelativePositionFromTypeIndex(this.#text, selection.main.anchor);
    const head = Y.createRelativePositionFromTypeIndex(this.#text, selection.main.head);
    const known = this.#presence.getLocalState()?.cursor;
    const isKnown =
      known && Y.compareRelativePositions(known.anchor, anchor) && Y.compareRelativePositions(known.head, head);
    if (!isKnown) this.#presence.setLocalStateField("cursor", { anchor, head });
  }

  #draw({ doc }: EditorState): DecorationSet {
    const others = [...this.#presence.getStates()].filter(([clientId]) => clientId !== this.#presence.clientID);
    return Decoration.set(
      others.flatMap(([clientId, state]) => this.#drawOne(clientId, state, doc.length)),
      true,
    );
  }

  #drawOne(clientId: number, { user, cursor }: CaretState, length: number): Range<Decoration>[] {
    const [anchor, head] = [this.#indexOf(cursor?.anchor, length), this.#indexOf(cursor?.head, length)];
    if (anchor === undefined || head === undefined) return [];
    // Outside of what they selected, if this person's own caret is at the same place.
    const caret = Decoration.widget({ widget: new CaretWidget(clientId, user), side: head > anchor ? -1 : 1 }).range(
      head,
    );
    if (anchor === head) return [caret];
    const selection = Decoration.mark({ attributes: selectionOf(user) });
    return [selection.range(Math.min(anchor, head), Math.max(anchor, head)), caret];
  }

  #indexOf(position: Y.RelativePosition | undefined, length: number): number | undefined {
    const place = position && Y.createAbsolutePositionFromRelativePosition(position, this.#presence.doc);
    return place && place.type === this.#text ? Math.min(place.index, length) : undefined;
  }
}

class CaretWidget extends WidgetType {
  readonly #clientId: number;
  readonly #person: Person;

  constructor(clientId: number, person: Person) {
    super();
    this.#clientId = clientId;
    this.#person = person;
  }

  override eq(other: WidgetType): boolean {
    if (!(other instanceof CaretWidget) || other.#clientId !== this.#clientId) return false;
    return other.#person.name === this.#person.name && other.#person.color === this.#person.color;
  }

  override toDOM(): HTMLElement {
    return caretOf(this.#person);
  }
}
