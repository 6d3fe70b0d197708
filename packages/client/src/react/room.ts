/**
 * The provider of one mounted component: made when it is first asked for, connected while the component is mounted, and
 * closed some time after nobody holds it any more. One rule for all that React does: a render on a server or one that is
 * thrown away is never held, StrictMode lets go and holds again at once, a hidden tree comes back later. Knows no React.
 */
import * as Y from "yjs";
import type { SynclineClient } from "../client.js";
import { SynclineError } from "../error.js";
import type { ProviderOptions } from "../options.js";
import { SynclineProvider } from "../provider.js";
import type { ProviderStatus } from "../status.js";
import { systemTiming, type Timing } from "../timing.js";
import { Changes } from "./changes.js";

/** What is opened, with another of the first four it is another room; and how. */
export interface RoomProps extends Omit<ProviderOptions<SynclineProvider>, "awareness"> {
  readonly url?: string | undefined;
  readonly client?: SynclineClient | undefined;
  readonly name: string;
  readonly doc?: Y.Doc | undefined;
}

interface Opened {
  readonly provider: SynclineProvider;
  readonly unwatch: () => void;
}

type RoomState =
  | { readonly kind: "closed" }
  /** Nobody holds it, yet or any more: it closes by itself. */
  | { readonly kind: "idle"; readonly opened: Opened; readonly cancel: () => void }
  /** The component is mounted. */
  | { readonly kind: "held"; readonly opened: Opened };

/** How long a provider waits for its component to be mounted again. */
const graceMs = 1_000;
/** And to be mounted at all: a page that is hydrated on a slow phone takes its time. On a server nobody ever comes. */
const mountingMs = 10_000;
/** How long edits of a component that is gone may be on their way to the server's disk. */
const savingMs = 30_000;

export class Room {
  readonly changes = new Changes();
  readonly #timing: Timing;
  #props: RoomProps;
  #state: RoomState = { kind: "closed" };
  #releasedAtMs = -Infinity;
  #empty: Y.Doc | undefined;

  /** Starts nothing. */
  constructor(props: RoomProps) {
    this.#props = props;
    this.#timing = props.client?.options.timing ?? props.timing ?? systemTiming;
  }

  isOf({ url, client, name, doc }: RoomProps): boolean {
    const own = this.#props;
    return own.url === url && own.client === client && own.name === name && own.doc === doc;
  }

  /**
   * The room for other props.
   *
   * @throws {SynclineError} `invalid-option` where another name has the same Y.Doc: both documents would hold both contents
   */
  replacedBy(props: RoomProps): Room {
    const { name, doc } = this.#props;
    if (!doc || props.doc !== doc || props.name === name) return new Room(props);
    const message = `"${props.name}" needs a Y.Doc of its own: the one in \`doc\` holds the content of "${name}"`;
    throw new SynclineError("invalid-option", message);
  }

  /** Opened when it is not, and closed again if nobody comes to hold it. */
  get provider(): SynclineProvider {
    return this.#opened().provider;
  }

  /** Before it is held: what it will be as soon as it is, the same on a server and in the browser. */
  get status(): ProviderStatus {
    return this.#state.kind === "held" ? this.#state.opened.provider.status : this.statusAtFirst;
  }

  get statusAtFirst(): ProviderStatus {
    return (this.#props.connect ?? true) ? opening : unopened;
  }

  /** What a server renders, and a browser at first: without a document that both have nobody knows what the other has. */
  get docAtFirst(): Y.Doc {
    return this.#props.doc ?? (this.#empty ??= new Y.Doc());
  }

  /** The latest: functions among them are made anew by each render, and the connection asks for a token much later. */
  setProps(props: RoomProps): void {
    this.#props = props;
  }

  /** The component is mounted, or seen again. */
  hold(): void {
    const opened = this.#opened();
    if (this.#state.kind !== "idle") return;
    this.#state.cancel();
    this.#state = { kind: "held", opened };
    this.changes.tellAll();
  }

  /** The component is mounted no more. */
  release(): void {
    if (this.#state.kind !== "held") return;
    this.#releasedAtMs = this.#timing.now();
    this.#becomeIdle(this.#state.opened, graceMs);
  }

  /** Connects or disconnects, if it is held: as the component's `connect` says. */
  followConnect(): void {
    if (this.#state.kind !== "held") return;
    const { provider } = this.#state.opened;
    const isWanted = this.#props.connect ?? true;
    if (isWanted === provider.shouldConnect) return;
    if (isWanted) provider.connect();
    else provider.disconnect();
  }

  #opened(): Opened {
    this.#forgetDestroyed();
    if (this.#state.kind !== "closed") return this.#state.opened;
    const provider = this.#makeProvider();
    const opened = { provider, unwatch: this.changes.watch(provider) };
    this.#becomeIdle(opened, isServer() ? graceMs : mountingMs);
    return opened;
  }

  /** Cleanups of applications destroy documents, and StrictMode runs them before it mounts once more. */
  #forgetDestroyed(): void {
    if (this.#state.kind !== "idle" || !this.#state.opened.provider.isDestroyed) return;
    this.#state.cancel();
    this.#state.opened.unwatch();
    this.#state = { kind: "closed" };
  }

  #becomeIdle(opened: Opened, waitMs: number): void {
    this.#state = { kind: "idle", opened, cancel: this.#timing.setTimer(() => this.#closeIfSaved(opened), waitMs) };
  }

  /** Nobody is there to be told that edits are not saved yet. */
  #closeIfSaved(opened: Opened): void {
    const { provider, unwatch } = opened;
    const isSaving = provider.shouldConnect && provider.hasUnsyncedChanges;
    if (isSaving && this.#timing.now() - this.#releasedAtMs < savingMs) return this.#becomeIdle(opened, graceMs);
    this.#state = { kind: "closed" };
    unwatch();
    void provider.destroy();
  }

  #makeProvider(): SynclineProvider {
    const { url, client, name, doc } = this.#props;
    const server = client ?? url ?? "";
    // By itself: a client that all of a server's requests share would give one's document to the next.
    if (isServer()) return new SynclineProvider(client?.options.serverUrl ?? server, name, doc, { connect: false });
    const options = this.#providerOptions();
    try {
      return new SynclineProvider(server, name, doc, options);
    } catch (error) {
      const isOpenElsewhere = client && doc && error instanceof SynclineError && error.code === "invalid-option";
      if (!isOpenElsewhere) throw error;
      // With another Y.Doc, by a room that waits to be closed, for one: a socket of its own, rather than no page.
      return new SynclineProvider(client.options.serverUrl, name, doc, { ...client.options, ...options });
    }
  }

  #providerOptions(): ProviderOptions<SynclineProvider> {
    const { client, shouldReconnect, ...options } = this.#props;
    if (client) return { ...options, connect: false };
    return {
      ...options,
      connect: false,
      token: () => this.#token(),
      shouldReconnect:
        shouldReconnect && ((event, provider) => (this.#props.shouldReconnect ?? shouldReconnect)(event, provider)),
    };
  }

  #token(): string | Promise<string> {
    const { token = this.#props.params?.["token"] ?? "" } = this.#props;
    return typeof token === "string" ? token : token();
  }
}

const unopened: ProviderStatus = {
  inThisBrowser: 0,
  received: 0,
  durable: 0,
  connection: "disconnected",
  transport: "websocket",
  access: { level: "write", reason: "" },
  synced: false,
  offline: "off",
  rejected: undefined,
  lastError: undefined,
};
const opening: ProviderStatus = { ...unopened, connection: "connecting" };

/** Where pages are rendered and nothing is mounted. Asked for late: an import must not touch what is a browser's. */
export function isServer(): boolean {
  return typeof window === "undefined";
}
