/**
 * Tabs of one browser that have the same document open tell each other of edits and presence, server or not. What comes
 * from another tab is to this one's session like an edit made here, and goes to the server from here, too: the tab that made
 * it may be closed before it could send it.
 *
 * Over the native BroadcastChannel: every browser has had it since 2022. lib0's stands in for it with localStorage where it is
 * missing: every message is written to a disk, with the tab waiting, and counted against the application's quota.
 */
import { encodeAwarenessUpdate as encodeEntries } from "@syncline/protocol";
import { applyAwarenessUpdate, encodeAwarenessUpdate, type Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { encodeDiff, hasMoreThan, isEmpty } from "../content.js";
import { SynclineError } from "../error.js";
import type { Timing } from "../timing.js";
import { changeClientId } from "./client-id.js";
import { runtimeScope, type ChannelLike, type OriginScope } from "./origin-scope.js";

export interface TabChannelOptions {
  /** `tabChannelName()`'s. */
  readonly name: string;
  readonly doc: Y.Doc;
  readonly awareness: Awareness;
  readonly timing: Timing;
  /** Which generation the content is bound to; `""` for none. Content of two different ones is never put together. */
  readonly generation: () => string;
  /** Content of this generation is about to be applied, and the document was bound to none: from now on it is to this one. */
  readonly adoptGeneration: (generation: string) => void;
  /** Whether other tabs get the updates of this origin by themselves: those from the server, and from the local copy. */
  readonly isFromElsewhere: (origin: unknown) => boolean;
  readonly onError: (error: SynclineError) => void;
  /** Whether it is connected with other tabs, should there be any. */
  readonly onState: (isConnected: boolean) => void;
  /** @default the runtime's; without, nothing is shared */
  readonly openChannel?: OriginScope["openChannel"];
}

export interface TabChannel {
  /** Tells the other tabs that this one goes, perhaps for good; its presence stays here. For `pagehide`. */
  sayGoodbye(): void;
  destroy(): void;
}

type TabMessage = { readonly generation: string } & (
  | Hello
  | Answer
  | { readonly kind: "update"; readonly update: Uint8Array }
  | { readonly kind: "presence"; readonly update: Uint8Array }
  /** Asks for everybody's presence. */
  | { readonly kind: "who" }
);

/** What a tab has. */
interface Hello {
  readonly kind: "hello";
  readonly from: string;
  readonly clientId: number;
  /** Of its presence. */
  readonly clock: number;
  readonly stateVector: Uint8Array;
  /** Empty for none. */
  readonly presence: Uint8Array;
}

interface Answer {
  readonly kind: "answer";
  readonly to: string;
  /** What who said hello lacks. */
  readonly update: Uint8Array;
  /** What who answers had. */
  readonly stateVector: Uint8Array;
  readonly presence: Uint8Array;
  /** The client id of who said hello, where it is that of who answers. */
  readonly takenId: number | undefined;
}

interface AwarenessChange {
  readonly added: readonly number[];
  readonly updated: readonly number[];
  readonly removed: readonly number[];
}

/** An update may lean on something that is on its way from the server: only what is still missing then is asked for. */
const askAfterMs = 1_000;

/** No structs and no deletions. */
const emptyUpdateBytes = 2;

export function openTabChannel(options: TabChannelOptions): TabChannel {
  const openChannel = options.openChannel ?? runtimeScope().openChannel;
  if (!openChannel) return { sayGoodbye: () => {}, destroy: () => {} };
  return new OpenTabChannel(options, openChannel(options.name));
}

class OpenTabChannel implements TabChannel {
  readonly #options: TabChannelOptions;
  readonly #channel: ChannelLike;
  readonly #id: string;
  /** Client ids that other tabs were heard of with. */
  readonly #peers = new Set<number>();
  /** Whether this document held anything when it said hello. */
  #hadContent = false;
  #cancelAsk: (() => void) | undefined;
  #isOpen = true;

  constructor(options: TabChannelOptions, channel: ChannelLike) {
    const { doc, awareness, timing } = options;
    this.#options = options;
    this.#channel = channel;
    this.#id = `${timing.random()}${timing.random()}`;
    channel.onmessage = ({ data }: { readonly data: TabMessage }) => this.#receive(data);
    // Nobody takes notice of a presence whose clock is 0, or that of its last goodbye.
    this.#announce();
    doc.on("update", this.#onUpdate);
    awareness.on("update", this.#onAwareness);
    this.#sayHello();
    options.onState(true);
  }

  sayGoodbye(): void {
    const { awareness } = this.#options;
    const clientId = awareness.clientID;
    const own = awareness.meta.get(clientId);
    if (!this.#isOpen || !own || awareness.getLocalState() === null) return;
    // The clock is kept: a return with the same one would be taken for older news than the goodbye.
    const clock = own.clock + 1;
    awareness.meta.set(clientId, { ...own, clock });
    this.#post({ kind: "presence", update: encodeEntries([{ clientId, clock, state: "null" }]) });
  }

  destroy(): void {
    if (!this.#isOpen) return;
    this.sayGoodbye();
    this.#isOpen = false;
    this.#cancelAsk?.();
    this.#options.doc.off("update", this.#onUpdate);
    this.#options.awareness.off("update", this.#onAwareness);
    this.#channel.onmessage = null;
    this.#channel.close();
    this.#options.onState(false);
  }

  #post(message: DistributiveOmit<TabMessage, "generation">): void {
    this.#channel.postMessage({ ...message, generation: this.#options.generation() });
  }

  #sayHello(): void {
    const { doc, awareness } = this.#options;
    this.#hadContent = !isEmpty(doc);
    this.#post({
      kind: "hello",
      from: this.#id,
      clientId: doc.clientID,
      clock: awareness.meta.get(doc.clientID)?.clock ?? 0,
      stateVector: Y.encodeStateVector(doc),
      presence: this.#ownPresence(),
    });
  }

  #receive(message: TabMessage): void {
    const own = this.#options.generation();
    const isSame = message.generation === own || message.generation === "" || own === "";
    if (!isSame || !this.#isOpen) return;
    try {
      this.#handle(message);
    } catch (cause) {
      // Observers of the application run inside of it, too.
      this.#options.onError(new SynclineError("apply-failed", "What another tab sent could not be applied", { cause }));
    }
  }

  #handle(message: TabMessage): void {
    switch (message.kind) {
      case "hello":
        return this.#answer(message);
      case "answer":
        return message.to === this.#id ? this.#onAnswer(message) : undefined;
      case "update":
        return this.#apply(message.update, message.generation);
      case "presence":
        return this.#applyPresence(message.update);
      case "who":
        return this.#post({ kind: "presence", update: this.#ownPresence() });
    }
  }

  #answer({ from, clientId, clock, stateVector, presence }: Hello): void {
    const { doc, awareness } = this.#options;
    const takenId = clientId === doc.clientID ? clientId : undefined;
    this.#post({
      kind: "answer",
      to: from,
      update: encodeDiff(doc, stateVector),
      stateVector: Y.encodeStateVector(doc),
      presence: this.#ownPresence(),
      takenId,
    });
    if (takenId === undefined) return this.#applyPresence(presence);
    // Third tabs have taken the newcomer's presence for ours.
    const own = awareness.meta.get(clientId);
    if (own && own.clock < clock) awareness.meta.set(clientId, { ...own, clock });
    this.#announce();
  }

  #onAnswer(answer: Answer & { readonly generation: string }): void {
    const { doc } = this.#options;
    // It may have another by now.
    if (answer.takenId === doc.clientID) changeClientId(this.#options);
    this.#applyPresence(answer.presence);
    this.#apply(answer.update, answer.generation);
    // State vectors do not tell of deletions: who came with something is not sure that nothing of it is missing.
    if (!this.#hadContent && !hasMoreThan(doc, answer.stateVector)) return;
    this.#post({ kind: "update", update: encodeDiff(doc, answer.stateVector) });
  }

  #apply(update: Uint8Array, generation: string): void {
    const { doc } = this.#options;
    if (update.length <= emptyUpdateBytes) return;
    if (this.#options.generation() === "" && generation !== "") this.#options.adoptGeneration(generation);
    Y.applyUpdate(doc, update, this);
    if (doc.store.pendingStructs) this.#askLater();
  }

  #askLater(): void {
    this.#cancelAsk ??= this.#options.timing.setTimer(() => {
      this.#cancelAsk = undefined;
      if (this.#options.doc.store.pendingStructs) this.#sayHello();
    }, askAfterMs);
  }

  /** With a newer clock than anything said before. */
  #announce(): void {
    const { awareness } = this.#options;
    const state = awareness.getLocalState();
    if (state) awareness.setLocalState(state);
  }

  #ownPresence(): Uint8Array {
    const { awareness } = this.#options;
    return awareness.getLocalState() ? encodeAwarenessUpdate(awareness, [awareness.clientID]) : new Uint8Array();
  }

  #applyPresence(update: Uint8Array): void {
    if (update.length > 0) applyAwarenessUpdate(this.#options.awareness, update, this);
  }

  readonly #onUpdate = (update: Uint8Array, origin: unknown): void => {
    if (origin !== this && !this.#options.isFromElsewhere(origin)) this.#post({ kind: "update", update });
  };

  readonly #onAwareness = ({ added, updated, removed }: AwarenessChange, origin: unknown): void => {
    const { awareness } = this.#options;
    const { clientID } = awareness;
    if (origin === this) {
      for (const clientId of [...added, ...updated]) this.#peers.add(clientId);
      for (const clientId of removed) this.#peers.delete(clientId);
      // Another tab had the same client id, and left.
      return removed.includes(clientID) ? this.#announce() : undefined;
    }
    if ([added, updated, removed].some((clientIds) => clientIds.includes(clientID))) {
      this.#post({ kind: "presence", update: encodeAwarenessUpdate(awareness, [clientID]) });
    }
    // Without a connection the session forgets everybody who was there; other tabs are there still.
    const isForgotten = origin !== "timeout" && removed.some((clientId) => this.#peers.has(clientId));
    if (isForgotten) this.#post({ kind: "who" });
  };
}

type DistributiveOmit<Union, Key extends PropertyKey> = Union extends unknown ? Omit<Union, Key> : never;
