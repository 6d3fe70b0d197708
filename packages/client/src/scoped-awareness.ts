/**
 * One editor's share of a page's presence. Bindings write the same fields (`cursor`, mostly), or the whole state: several of
 * them on one Awareness take each other's cursors for their own. Here each keeps its fields under a key of the real state, and
 * sees of others only what cannot break it.
 */
import { equalityDeep } from "lib0/function";
import { Observable } from "lib0/observable";
import type { Awareness } from "y-protocols/awareness";
import type * as Y from "yjs";
import { checkedPresence, isRecord, type PresenceState } from "./checked-presence.js";
import { SynclineError } from "./error.js";
import type { ProviderAwareness } from "./provider-awareness.js";

/**
 * ```ts
 * const code = yCollab(text, scopedAwareness(provider.awareness, "code"));
 * const notes = yCursorPlugin(scopedAwareness(provider.awareness, "notes"));
 * ```
 *
 * An Awareness in which the state of a client is what it keeps under `key`, and its `user` where that has none. Who keeps
 * nothing there is not in it; this client is, from now until `destroy()` or `setLocalState(null)`, which leave the rest of the
 * state as it is. `change` and `update` are emitted when a state here is a deeply different one, not when another scope's is.
 *
 * What others say is checked before an editor reads it, because anybody in the room may send anything:
 * - `cursor`, `selection`, and any object with `anchor` and `head` (or `focus`) is `null` unless these are Yjs' relative
 *   positions. Numbers of your own become `null`, too: call their fields something else.
 * - Lexical's `anchorPos` and `focusPos` are positions or `null`.
 * - `user` is an object or absent. Of its fields `color` is `#rrggbb` and `colorLight` a hex color, or grey instead; `name` is
 *   text of at most 64 characters.
 *
 * All else of others is as they sent it: of any type. The client's own state is not checked. Works with the Awareness of any
 * provider.
 *
 * @param key of this editor, the same for all people; `scopedAwareness` of the same key twice is the same share twice
 * @throws {SynclineError} `invalid-option` for `user`, which all scopes read
 */
export function scopedAwareness(awareness: Awareness, key: string): ProviderAwareness {
  if (key === "user")
    throw new SynclineError("invalid-option", 'A scope cannot be called "user": all scopes read that');
  return new ScopedAwareness(awareness, key);
}

interface Change {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}

/**
 * Whether this client is in the scope: what the key holds does not say so alone. An application that replaces the whole state
 * takes the key away, and no editor would begin again by itself.
 */
type Participation = "here" | "away" | "destroyed";

class ScopedAwareness extends Observable<string> {
  readonly doc: Y.Doc;
  /** By client, checked; a state stays the same object until it differs. */
  readonly states = new Map<number, PresenceState>();
  /** Part of y-protocols' type. The timer is the real one's. */
  readonly _checkInterval = undefined;
  readonly #awareness: Awareness;
  readonly #key: string;
  #participation: Participation = "here";

  constructor(awareness: Awareness, key: string) {
    super();
    this.doc = awareness.doc;
    this.#awareness = awareness;
    this.#key = key;
    if (awareness.getLocalState() !== null && !this.#partOf(this.clientID)) awareness.setLocalStateField(key, {});
    this.#follow(awareness.states.keys(), undefined);
    // Both: who listens to the real one's `change` and looks here must not see what was.
    awareness.on("change", this.#onChange);
    awareness.on("update", this.#onChange);
  }

  /** A document that is reverted goes on under another one. */
  get clientID(): number {
    return this.#awareness.clientID;
  }

  /** The real one's: clocks are of whole states. */
  get meta(): Awareness["meta"] {
    return this.#awareness.meta;
  }

  getLocalState(): PresenceState | null {
    return this.states.get(this.clientID) ?? null;
  }

  getStates(): Map<number, PresenceState> {
    return this.states;
  }

  setLocalState(state: PresenceState | null): void {
    if (this.#participation === "destroyed") return;
    this.#participation = state ? "here" : "away";
    if (!state) return this.#removePart();
    const { user, ...rest } = state;
    // Who reads a state, changes it and sets it again does not mean to keep a `user` of its own.
    this.#write(user === this.#awareness.getLocalState()?.["user"] ? rest : state);
  }

  setLocalStateField(field: string, value: unknown): void {
    if (this.getLocalState() !== null) this.#write({ ...this.#partOf(this.clientID), [field]: value });
  }

  /** Leaves the scope, for good. The real one stays. */
  override destroy(): void {
    if (this.#participation === "destroyed") return;
    this.emit("destroy", [this]);
    this.setLocalState(null);
    this.#participation = "destroyed";
    this.#awareness.off("change", this.#onChange);
    this.#awareness.off("update", this.#onChange);
    super.destroy();
  }

  #write(part: PresenceState): void {
    if (this.#participation === "destroyed") return;
    const isThere = this.#awareness.getLocalState() !== null;
    if (isThere) this.#awareness.setLocalStateField(this.#key, part);
    else this.#awareness.setLocalState({ [this.#key]: part });
  }

  #removePart(): void {
    const whole = this.#awareness.getLocalState();
    if (!whole) return;
    const rest = Object.entries(whole).filter(([name]) => name !== this.#key);
    this.#awareness.setLocalState(Object.fromEntries(rest));
  }

  readonly #onChange = ({ added, updated, removed }: Change, origin: unknown): void => {
    this.#follow(new Set([...added, ...updated, ...removed]), origin);
  };

  #follow(clientIds: Iterable<number>, origin: unknown): void {
    const change = { added: [] as number[], updated: [] as number[], removed: [] as number[] };
    for (const clientId of clientIds) {
      const [before, after] = [this.states.get(clientId), this.#stateOf(clientId)];
      if (equalityDeep(before, after)) continue;
      if (after) this.states.set(clientId, after);
      else this.states.delete(clientId);
      change[!before ? "added" : after ? "updated" : "removed"].push(clientId);
    }
    if (Object.values(change).every(({ length }) => length === 0)) return;
    this.emit("change", [change, origin]);
    this.emit("update", [change, origin]);
  }

  #stateOf(clientId: number): PresenceState | undefined {
    const whole: unknown = this.#awareness.states.get(clientId);
    if (!isRecord(whole)) return undefined;
    const isHere = clientId === this.clientID && this.#participation === "here";
    const part = this.#partOf(clientId) ?? (isHere ? {} : undefined);
    const state = part && (Object.hasOwn(whole, "user") ? { user: whole["user"], ...part } : { ...part });
    return state && clientId !== this.clientID ? checkedPresence(state, this.doc) : state;
  }

  #partOf(clientId: number): PresenceState | undefined {
    const whole: unknown = this.#awareness.states.get(clientId);
    // Its own: `constructor` and `__proto__` are in every object.
    const part = isRecord(whole) && Object.hasOwn(whole, this.#key) ? whole[this.#key] : undefined;
    return isRecord(part) ? part : undefined;
  }
}
