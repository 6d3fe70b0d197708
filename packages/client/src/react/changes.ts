/**
 * What changed in an open document, its presence and its status, counted from the opening on: React renders first and
 * subscribes later, and must find out what happened between. Knows no React.
 */
import type * as Y from "yjs";
import type { SynclineProvider } from "../provider.js";

interface Listener {
  /** What it wants to hear of, at this moment: another provider has another document. */
  readonly subject: () => object | undefined;
  readonly onChange: () => void;
}

/** A subject is the provider for its status, its awareness, or a shared type for all that is beneath it. */
export class Changes {
  readonly #listeners = new Set<Listener>();
  readonly #changedAt = new WeakMap<object, number>();
  #openedAt = 0;
  #count = 0;

  /** Begins to count; what changed before is not known, so everything counts as changed. Returns what ends it. */
  watch(provider: SynclineProvider): () => void {
    const { doc, awareness } = provider;
    this.#openedAt = ++this.#count;
    const onTransaction = ({ changedParentTypes }: Y.Transaction): void =>
      this.#tell(new Set(changedParentTypes.keys()));
    const onPresence = (): void => this.#tell(new Set([awareness]));
    const unsubscribe = provider.subscribe(() => this.#tell(new Set([provider])));
    doc.on("afterTransaction", onTransaction);
    awareness.on("change", onPresence);
    return () => {
      unsubscribe();
      doc.off("afterTransaction", onTransaction);
      awareness.off("change", onPresence);
    };
  }

  /** Another number after each change. */
  versionOf(subject: object): number {
    return Math.max(this.#openedAt, this.#changedAt.get(subject) ?? 0);
  }

  /** Returns what unsubscribes. */
  subscribe(subject: Listener["subject"], onChange: () => void): () => void {
    const listener = { subject, onChange };
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Everything may be another. */
  tellAll(): void {
    for (const { onChange } of [...this.#listeners]) onChange();
  }

  #tell(changed: ReadonlySet<object>): void {
    this.#count += 1;
    for (const subject of changed) this.#changedAt.set(subject, this.#count);
    for (const { subject, onChange } of [...this.#listeners]) {
      const wanted = subject();
      if (wanted && changed.has(wanted)) onChange();
    }
  }
}
