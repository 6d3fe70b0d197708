/** One person at one screen: a document and a provider of its own, as if in a browser of its own. */
import { scopedAwareness, SynclineProvider, type ClosedEvent } from "@syncline/client";
import * as Y from "yjs";
import type { ViewName } from "./document.js";
import { part } from "./dom.js";
import { EditTrail } from "./edit-trail.js";
import { FollowList, type Followed } from "./follow-list.js";
import { NetworkPanel } from "./network/network-panel.js";
import { slowSocket } from "./network/slow-socket.js";
import { announce, disc, nameOf, type Person } from "./people.js";
import { StatusStrip } from "./status-strip.js";
import { loadView } from "./views/catalogue.js";
import type { OpenView, View } from "./views/view.js";

export interface PaneOptions {
  readonly serverUrl: string;
  readonly room: string;
  readonly person: Person;
  /** Asks the server for no more than to read. */
  readonly isReadOnly: boolean;
  readonly view: ViewName;
  /** Somebody is followed from now on. */
  readonly onFollow: () => void;
  /** Whoever is followed is in another view. */
  readonly onFollowInto: (view: ViewName) => void;
  /** The visitor wants to see the code for what the pane shows. */
  readonly onCode: () => void;
}

/** What is in the middle of the pane. */
type Content =
  | { readonly kind: "none" }
  | { readonly kind: "loading" | "failed"; readonly name: ViewName }
  | { readonly kind: "shown"; readonly name: ViewName; readonly view: View; readonly leave: () => void };

/** A visitor who starts the server again should not have to wait for the SDK's usual half a minute. */
const maxBackoffTime = 1_500;

/** What the demo's server takes for the wish to read only. A courtesy, not a secret: see `syncline serve --help`. */
const readOnlyToken = "read-only";

export class Pane {
  readonly element: HTMLElement;
  readonly doc = new Y.Doc();
  readonly provider: SynclineProvider;
  readonly #options: PaneOptions;
  readonly #strip: StatusStrip;
  readonly #trail: EditTrail;
  readonly #network: NetworkPanel;
  readonly #people: FollowList;
  readonly #switch: HTMLButtonElement;
  #wantedView: ViewName;
  #content: Content = { kind: "none" };
  #isSwitchedOff = false;
  #closed: ClosedEvent | undefined;

  /** @throws {SynclineError} `invalid-option` when no document can have this name */
  constructor(template: HTMLTemplateElement, options: PaneOptions) {
    const { serverUrl, room, isReadOnly } = options;
    this.#options = options;
    this.#wantedView = options.view;
    this.element = paneIn(template);
    this.#network = new NetworkPanel(part(this.element, "network", HTMLElement));
    this.provider = new SynclineProvider(serverUrl, room, this.doc, {
      maxBackoffTime,
      token: isReadOnly ? readOnlyToken : "",
      WebSocketPolyfill: slowSocket(this.#network.conditions),
      // The other pane is in this tab, too: it is to hear of edits from the server, and from nowhere else.
      disableBc: true,
      connect: false,
    });
    this.#strip = new StatusStrip(this.element, () => this.#retry());
    this.#trail = new EditTrail(part(this.element, "trail", HTMLElement), this.provider);
    this.#switch = part(this.element, "offline", HTMLButtonElement);
    this.#introduce();
    this.#people = this.#showPeople();
    this.#listen();
    this.provider.connect();
    this.#show();
  }

  /** The visitor wants it to be offline. */
  get isSwitchedOff(): boolean {
    return this.#isSwitchedOff;
  }

  /** Edits that would be gone if this pane went now. */
  get unsavedCount(): number {
    return this.provider.pending.count;
  }

  set view(name: ViewName) {
    this.#wantedView = name;
    this.provider.awareness.setLocalStateField("view", name);
    this.#openView();
  }

  stopFollowing(): void {
    this.#people.follow(undefined);
  }

  destroy(): void {
    this.#leaveView();
    this.#strip.destroy();
    this.#trail.destroy();
    this.#people.destroy();
    this.#network.destroy();
    void this.provider.destroy();
    this.doc.destroy();
    this.element.remove();
  }

  #introduce(): void {
    const { person, onCode, view } = this.#options;
    this.element.setAttribute("aria-label", `${person.name}’s pane`);
    this.element.style.setProperty("--person", person.color);
    this.#switch.setAttribute("aria-label", `Offline, ${person.name}’s pane`);
    this.#switch.addEventListener("click", () => this.#flip());
    part(this.element, "self", HTMLElement).append(disc(person), nameOf(person));
    part(this.element, "code", HTMLButtonElement).addEventListener("click", onCode);
    announce(this.provider.awareness, person);
    this.provider.awareness.setLocalStateField("view", view);
  }

  #showPeople(): FollowList {
    const people = new FollowList({
      list: part(this.element, "people", HTMLElement),
      awareness: this.provider.awareness,
      onChange: (followed) => this.#follow(followed),
    });
    part(this.element, "following", HTMLButtonElement).addEventListener("click", () => people.follow(undefined));
    // Who edits wants to see what they do.
    this.doc.on("afterTransaction", ({ local, changed }: Y.Transaction) => {
      if (local && changed.size > 0) people.follow(undefined);
    });
    return people;
  }

  /** Goes where they went: into the view they look at, to the place where they are. */
  #follow(followed: Followed | undefined): void {
    const banner = part(this.element, "following", HTMLButtonElement);
    if (followed && banner.hidden) this.#options.onFollow();
    banner.hidden = followed === undefined;
    banner.textContent = followed ? bannerText(followed) : "";
    if (followed) this.element.style.setProperty("--followed", followed.person.color);
    const view = followed?.view ?? this.#wantedView;
    if (view !== this.#wantedView) return this.#options.onFollowInto(view);
    if (this.#content.kind === "shown") this.#content.view.follow(followed?.clientId);
  }

  #listen(): void {
    this.provider.subscribe(() => {
      this.#openView();
      this.#show();
    });
    this.provider.on("closed", (closed) => {
      this.#closed = closed;
      this.#show();
    });
  }

  /** Once the document is here: no empty page is to pretend to be it. */
  #openView(): void {
    const content = this.#content;
    const isTooEarly = content.kind === "none" && !this.provider.synced;
    const isThere = content.kind !== "none" && content.name === this.#wantedView;
    if (!isTooEarly && !isThere) this.#load(this.#wantedView);
  }

  #load(name: ViewName): void {
    this.#leaveView();
    this.#content = { kind: "loading", name };
    loadView(name).then(
      (open) => this.#enterView(name, open),
      () => this.#failToLoad(name),
    );
  }

  #enterView(name: ViewName, open: OpenView): void {
    if (this.#content.kind !== "loading" || this.#content.name !== name) return;
    const { person } = this.#options;
    const parent = this.#emptyPage();
    const awareness = scopedAwareness(this.provider.awareness, name);
    const view = open({
      parent,
      doc: this.doc,
      awareness,
      person,
      label: `Shared ${nouns[name]}, ${person.name}’s pane`,
      isCatchingUp: () => !this.provider.synced,
    });
    const leave = () => {
      view.destroy();
      awareness.destroy();
      parent.remove();
    };
    this.#content = { kind: "shown", name, view, leave };
    this.#follow(this.#people.followed);
    this.#show();
  }

  #leaveView(): void {
    if (this.#content.kind === "shown") this.#content.leave();
  }

  /** Its code could not be fetched: the server is down, most likely. */
  #failToLoad(name: ViewName): void {
    if (this.#content.kind !== "loading" || this.#content.name !== name) return;
    this.#content = { kind: "failed", name };
    // Browsers do not fetch again what failed once.
    this.#emptyPage("notice").append("This view could not be loaded from the server. Reload the page when it is back.");
  }

  #emptyPage(className = "view"): HTMLElement {
    const page = part(this.element, "page", HTMLElement);
    const parent = document.createElement("div");
    parent.className = className;
    page.replaceChildren(parent);
    page.removeAttribute("aria-busy");
    return parent;
  }

  #flip(): void {
    this.#isSwitchedOff = !this.#isSwitchedOff;
    this.#switch.setAttribute("aria-checked", String(this.#isSwitchedOff));
    if (this.#isSwitchedOff) this.provider.disconnect();
    else this.#retry();
    this.#show();
  }

  #retry(): void {
    this.#closed = undefined;
    this.provider.connect();
    this.#show();
  }

  #show(): void {
    const { connection: status, synced: isSynced, access, rejected, ...saveState } = this.provider.status;
    const isForReading = access.level !== "write" && access.reason === "";
    if (this.#content.kind === "shown") this.#content.view.isReadOnly = this.#closed !== undefined || isForReading;
    this.#strip.show({
      isSwitchedOff: this.#isSwitchedOff,
      status,
      isSynced,
      hasContent: this.#content.kind !== "none",
      saveState,
      access,
      rejected,
      closed: this.#closed,
    });
  }
}

function bannerText({ person, isAway }: Followed): string {
  return isAway ? `${person.name} is away · stop following` : `Following ${person.name} · stop`;
}

/** What screen readers call them. */
const nouns: Readonly<Record<ViewName, string>> = { code: "code", text: "text", board: "board", todo: "list" };

function paneIn(template: HTMLTemplateElement): HTMLElement {
  const [pane] = document.importNode(template.content, true).children;
  if (pane instanceof HTMLElement) return pane;
  throw new Error("index.html has no pane in its template");
}
