/**
 * Presence that carets may be drawn from: everybody has a name and a colour, and a cursor or none. `scopedAwareness` has
 * checked that a cursor is one. Here a caret stays where it was while the keyboard is elsewhere.
 */
import type * as Y from "yjs";
import { personIn, type Awareness, type Person } from "../people.js";

export interface Cursor {
  readonly anchor: Y.RelativePosition;
  readonly head: Y.RelativePosition;
}

export interface CaretState {
  /** As the bindings read it. */
  readonly user: Person & { readonly colorLight: string };
  readonly cursor: Cursor | null;
}

/** As much of an Awareness as y-codemirror.next and y-tiptap use. */
export class CheckedAwareness {
  readonly #awareness: Awareness;
  /** A state is the same object until it is another one: bindings ask for all of them at each key that is pressed. */
  readonly #checked = new WeakMap<object, CaretState>();

  /** @param awareness of `scopedAwareness`: what others say is checked there */
  constructor(awareness: Awareness) {
    this.#awareness = awareness;
  }

  get doc(): Y.Doc {
    return this.#awareness.doc;
  }

  get clientID(): number {
    return this.#awareness.clientID;
  }

  get states(): Map<number, CaretState> {
    return this.getStates();
  }

  getStates(): Map<number, CaretState> {
    return new Map([...this.#awareness.getStates()].map(([clientId, state]) => [clientId, this.#check(state)]));
  }

  getLocalState(): CaretState | null {
    const state: unknown = this.#awareness.getLocalState();
    return isRecord(state) ? this.#check(state) : null;
  }

  cursorOf(clientId: number): Cursor | undefined {
    const state: unknown = this.#awareness.getStates().get(clientId);
    return (isRecord(state) && this.#check(state).cursor) || undefined;
  }

  /**
   * Cursors only: who this is, is for the page to say. And no cursor but another one takes its place: editors would hide it as
   * soon as the keyboard is elsewhere, in the other pane, say, where it is looked at.
   */
  setLocalStateField(field: string, value: unknown): void {
    if (field === "cursor" && value !== null) this.#awareness.setLocalStateField("cursor", value);
  }

  /** What stays of this client when the editor goes: no caret. */
  leave(): void {
    this.#awareness.setLocalStateField("cursor", null);
  }

  on(...listener: Parameters<Awareness["on"]>): void {
    this.#awareness.on(...listener);
  }

  off(...listener: Parameters<Awareness["off"]>): void {
    this.#awareness.off(...listener);
  }

  #check(state: Record<string, unknown>): CaretState {
    const known = this.#checked.get(state);
    if (known) return known;
    const { name, color } = personIn(state);
    const cursor = (state["cursor"] ?? null) as Cursor | null;
    const checked = { user: { name, color, colorLight: `${color}38` }, cursor };
    this.#checked.set(state, checked);
    return checked;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
