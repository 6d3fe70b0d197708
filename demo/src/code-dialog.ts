/** "The code for this pane": the recipe of what is shown, to be read and copied, for this server and this room. */
import { flavours, installLine, recipeOf, roomQuery, type Flavour, type SourceFile } from "./code-recipes.js";
import { copyButton } from "./copy-button.js";
import type { ViewName } from "./document.js";
import { Tabs } from "./tabs.js";
import type { showSource } from "./views/code/source.js";
import "./code-dialog.css";

export interface CodeDialogOptions {
  readonly view: ViewName;
  readonly room: string;
  readonly serverUrl: string;
}

type ShowSource = typeof showSource;

/** Resolves when it is open and the code is highlighted. */
export async function openCodeDialog(options: CodeDialogOptions): Promise<void> {
  const dialog = new CodeDialog(options);
  dialog.open();
  // The server may be down, which is what this page invites to try: then the code stays as plain as it is.
  const source = await import("./views/code/source.js").catch(() => undefined);
  if (source) dialog.highlight(source.showSource);
}

const titles: Readonly<Record<Flavour, string>> = { vanilla: "Vanilla", react: "React" };

class CodeDialog {
  readonly #view: ViewName;
  readonly #query: string;
  readonly #dialog = element("dialog", "code-dialog");
  readonly #panel = element("div", "code-panel");
  readonly #tabs: Tabs<Flavour>;
  readonly #news = element("span", "visually-hidden");
  #shown: readonly SourceView[] = [];
  #showSource: ShowSource | undefined;

  constructor({ view, room, serverUrl }: CodeDialogOptions) {
    this.#view = view;
    this.#query = roomQuery(serverUrl, room);
    this.#news.role = "status";
    this.#panel.role = "tabpanel";
    this.#panel.id = "code-panel";
    this.#tabs = this.#makeTabs();
    const body = element("div", "code-dialog-body", this.#head(), this.#tabs.list, this.#panel, this.#news);
    this.#dialog.append(body);
    this.#dialog.setAttribute("aria-labelledby", "code-title");
    // The backdrop is the dialog itself, beside its content.
    this.#dialog.addEventListener("click", ({ target }) => target === this.#dialog && this.#dialog.close());
    this.#dialog.addEventListener("close", () => this.#leave());
  }

  open(): void {
    document.body.append(this.#dialog);
    this.#choose("vanilla");
    this.#dialog.showModal();
  }

  highlight(showSource: ShowSource): void {
    this.#showSource = showSource;
    for (const source of this.#shown) source.highlight(showSource);
  }

  #leave(): void {
    for (const source of this.#shown) source.destroy();
    this.#shown = [];
    this.#dialog.remove();
  }

  #head(): HTMLElement {
    const title = element("h2", "", "The code for this pane");
    title.id = "code-title";
    const close = element("form", "", element("button", "button", "Close"));
    close.method = "dialog";
    return element("header", "dialog-head", title, close);
  }

  #makeTabs(): Tabs<Flavour> {
    const list = element("div", "tabs");
    list.role = "tablist";
    list.setAttribute("aria-label", "With or without a framework");
    const tabs = new Map(flavours.map((flavour) => [flavour, this.#tab(flavour)] as const));
    list.append(...tabs.values());
    return new Tabs({ list, tabs, panel: this.#panel, onChoice: (flavour) => this.#choose(flavour) });
  }

  #tab(flavour: Flavour): HTMLElement {
    const tab = element("button", "", titles[flavour]);
    tab.type = "button";
    tab.role = "tab";
    tab.id = `code-tab-${flavour}`;
    tab.setAttribute("aria-controls", this.#panel.id);
    return tab;
  }

  #choose(chosen: Flavour): void {
    this.#tabs.show(chosen);
    for (const source of this.#shown) source.destroy();
    const recipe = recipeOf(this.#view, chosen);
    this.#shown = recipe.files.map((file) => new SourceView(file));
    this.#panel.replaceChildren(...this.#steps(recipe.folder, installLine(recipe, chosen)));
    this.#panel.scrollTop = 0;
    if (this.#showSource) this.highlight(this.#showSource);
  }

  #steps(folder: string, install: string): readonly HTMLElement[] {
    return [
      this.#step("Install", install, element("pre", "code-command", install)),
      ...this.#shown.map(({ file, element }) => this.#step(file.name, file.text, element)),
      this.#step(
        "Join this room: end the address of your page in",
        this.#query,
        element("pre", "code-command", this.#query),
      ),
      element("p", "aside", "All of it, ready to run, is in ", element("code", "", folder), "."),
    ];
  }

  #step(title: string, text: string, content: HTMLElement): HTMLElement {
    const button = element("button", "button", "Copy");
    button.type = "button";
    button.setAttribute("aria-label", `Copy: ${title}`);
    copyButton(button, this.#news, () => text, "Copied");
    return element("section", "code-step", element("header", "", element("h3", "", title), button), content);
  }
}

/** A file: plain at once, highlighted when CodeMirror is here. */
class SourceView {
  readonly file: SourceFile;
  readonly element: HTMLElement;
  #destroy: (() => void) | undefined;

  constructor(file: SourceFile) {
    this.file = file;
    this.element = element("div", "code-source", element("pre", "", file.text));
  }

  highlight(showSource: ShowSource): void {
    this.element.replaceChildren();
    const editor = showSource(this.element, this.file.text.trimEnd(), this.file.name);
    this.#destroy = () => editor.destroy();
  }

  destroy(): void {
    this.#destroy?.();
  }
}

function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  className: string,
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  if (className !== "") made.className = className;
  made.append(...children);
  return made;
}
