/** One person at one editor: a document and a provider of its own, as if in a browser of its own. */
import { SynclineProvider, type ClosedEvent } from "@syncline/client";
import * as Y from "yjs";
import { part } from "./dom.js";
import { Editor } from "./editor.js";
import { announce, disc, nameOf, showOthers, type Person } from "./people.js";
import { StatusStrip } from "./status-strip.js";

export interface PaneOptions {
  readonly serverUrl: string;
  readonly room: string;
  readonly person: Person;
}

/** A visitor who starts the server again should not have to wait for the SDK's usual half a minute. */
const maxBackoffTime = 1_500;

export class Pane {
  readonly element: HTMLElement;
  readonly #person: Person;
  readonly #doc = new Y.Doc();
  readonly #provider: SynclineProvider;
  readonly #strip: StatusStrip;
  readonly #switch: HTMLButtonElement;
  #editor: Editor | undefined;
  #isSwitchedOff = false;
  #closed: ClosedEvent | undefined;

  /** @throws {SynclineError} `invalid-option` when no document can have this name */
  constructor(template: HTMLTemplateElement, { serverUrl, room, person }: PaneOptions) {
    this.#person = person;
    this.#provider = new SynclineProvider(serverUrl, room, this.#doc, {
      maxBackoffTime,
      disableBc: true,
      connect: false,
    });
    this.element = paneIn(template);
    this.#strip = new StatusStrip(this.element, () => this.#retry());
    this.#switch = part(this.element, "offline", HTMLButtonElement);
    this.#switch.addEventListener("click", () => this.#flip());
    this.#introduce();
    this.#listen();
    this.#provider.connect();
    this.#show();
  }

  /** Edits that would be gone if this pane went now. */
  get unsavedCount(): number {
    return this.#provider.pending.count;
  }

  destroy(): void {
    this.#strip.destroy();
    this.#editor?.destroy();
    this.#provider.destroy();
    this.#doc.destroy();
    this.element.remove();
  }

  #introduce(): void {
    const { name } = this.#person;
    this.element.setAttribute("aria-label", `${name}’s pane`);
    this.element.style.setProperty("--person", this.#person.color);
    this.#switch.setAttribute("aria-label", `Offline, ${name}’s pane`);
    part(this.element, "self", HTMLElement).append(disc(this.#person), nameOf(this.#person));
    announce(this.#provider.awareness, this.#person);
    showOthers(part(this.element, "people", HTMLElement), this.#provider.awareness);
  }

  #listen(): void {
    this.#provider.subscribe(() => {
      if (this.#provider.synced) this.#openEditor();
      this.#show();
    });
    this.#provider.on("closed", (closed) => {
      this.#setClosed(closed);
      this.#show();
    });
  }

  #openEditor(): void {
    if (this.#editor) return;
    const page = part(this.element, "page", HTMLElement);
    page.replaceChildren();
    page.removeAttribute("aria-busy");
    this.#editor = new Editor({
      parent: page,
      text: this.#doc.getText("text"),
      awareness: this.#provider.awareness,
      label: `Shared text, ${this.#person.name}’s pane`,
    });
  }

  #flip(): void {
    this.#isSwitchedOff = !this.#isSwitchedOff;
    this.#switch.setAttribute("aria-checked", String(this.#isSwitchedOff));
    if (this.#isSwitchedOff) this.#provider.disconnect();
    else this.#retry();
    this.#show();
  }

  #retry(): void {
    this.#setClosed(undefined);
    this.#provider.connect();
    this.#show();
  }

  #setClosed(closed: ClosedEvent | undefined): void {
    this.#closed = closed;
    if (this.#editor) this.#editor.isReadOnly = closed !== undefined;
  }

  #show(): void {
    const { connection: status, synced: isSynced, access, rejected, ...saveState } = this.#provider.status;
    this.#strip.show({
      isSwitchedOff: this.#isSwitchedOff,
      status,
      isSynced,
      hasContent: this.#editor !== undefined,
      saveState,
      access,
      rejected,
      closed: this.#closed,
    });
  }
}

function paneIn(template: HTMLTemplateElement): HTMLElement {
  const [pane] = document.importNode(template.content, true).children;
  if (pane instanceof HTMLElement) return pane;
  throw new Error("index.html has no pane in its template");
}
