/** The document's page as formatted text, in Tiptap, with everyone's carets. */
import { Editor, getSchema, type Extensions } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { Placeholder } from "@tiptap/extension-placeholder";
import { StarterKit } from "@tiptap/starter-kit";
import { relativePositionToAbsolutePosition, ySyncPluginKey } from "@tiptap/y-tiptap";
import type * as Y from "yjs";
import { pageOf } from "../document.js";
import { caretOf, selectionOf } from "./caret.js";
import { CaretFollower, type Row } from "./caret-follower.js";
import { CheckedAwareness } from "./checked-awareness.js";
import { foreignContent } from "./rich-text/foreign-content.js";
import { mergedRanges } from "./rich-text/merged-ranges.js";
import { Toolbar } from "./rich-text/toolbar.js";
import type { OpenView, View, ViewOptions } from "./view.js";
import "./rich-text/page.css";

export const openRichText: OpenView = (options) => new RichTextView(options);

/** What is in the view: the editor, or why there is none. */
type Content =
  | { readonly kind: "none" }
  | { readonly kind: "editor"; readonly editor: Editor; readonly toolbar: Toolbar }
  | { readonly kind: "notice"; readonly element: HTMLElement };

/** Made of what everybody has; what knows the document comes to it. No trailing paragraph: reading must not write one. */
const writing: Extensions = [
  StarterKit.configure({
    undoRedo: false,
    trailingNode: false,
    link: { openOnClick: false },
    dropcursor: { color: "var(--focus)", width: 2 },
  }),
];
const schema = getSchema(writing);

class RichTextView implements View {
  readonly #options: ViewOptions;
  readonly #page: Y.XmlFragment;
  readonly #presence: CheckedAwareness;
  readonly #root = document.createElement("div");
  readonly #scroller = document.createElement("div");
  readonly #follower: CaretFollower;
  #content: Content = { kind: "none" };
  #isReadOnly = false;

  constructor(options: ViewOptions) {
    this.#options = options;
    this.#page = pageOf(options.doc);
    this.#presence = new CheckedAwareness(options.awareness);
    this.#root.className = "rich-text";
    this.#scroller.className = "rich-text-scroller";
    this.#root.append(this.#scroller);
    options.parent.append(this.#root);
    this.#follower = new CaretFollower({
      awareness: options.awareness,
      scroller: this.#scroller,
      rowOf: (clientId) => this.#rowOf(clientId),
    });
    // Before the editor's own observer: it must be gone when content comes that it would delete.
    this.#page.observeDeep(this.#review);
    this.#showPage();
  }

  get isReadOnly(): boolean {
    return this.#isReadOnly;
  }

  set isReadOnly(isReadOnly: boolean) {
    if (isReadOnly === this.#isReadOnly) return;
    this.#isReadOnly = isReadOnly;
    if (this.#content.kind !== "editor") return;
    this.#content.editor.setEditable(!isReadOnly, false);
    this.#content.toolbar.isHidden = isReadOnly;
  }

  follow(clientId: number | undefined): void {
    this.#follower.follow(clientId);
  }

  destroy(): void {
    this.#page.unobserveDeep(this.#review);
    this.#follower.destroy();
    this.#clear();
    this.#presence.leave();
    this.#root.remove();
  }

  readonly #review = (_events: unknown, { local }: Y.Transaction): void => {
    if (!local) this.#showPage();
  };

  #showPage(): void {
    const foreign = foreignContent(this.#page, schema);
    const wanted = foreign === undefined ? "editor" : "notice";
    if (this.#content.kind === wanted) return;
    this.#clear();
    this.#content = foreign === undefined ? this.#openEditor() : this.#showNotice(foreign);
  }

  #clear(): void {
    const content = this.#content;
    this.#content = { kind: "none" };
    if (content.kind === "notice") content.element.remove();
    if (content.kind !== "editor") return;
    content.toolbar.destroy();
    content.editor.destroy();
  }

  #openEditor(): Content {
    let isOpen = false;
    const editor = new Editor({
      element: this.#scroller,
      editable: !this.#isReadOnly,
      extensions: [...writing, ...this.#sharing(() => isOpen && this.#options.isCatchingUp())],
      // Reached, and scrolled, with the keyboard also when it is only read.
      coreExtensionOptions: { tabindex: { value: "0" } },
      editorProps: {
        attributes: { "aria-label": this.#options.label, "aria-multiline": "true" },
        // What others write does not take this person back to their caret.
        handleScrollToSelection: ({ state }) => ySyncPluginKey.getState(state).isChangeOrigin === true,
      },
      onTransaction: ({ transaction }) => transaction.docChanged && this.#follower.lookAgain(),
    });
    isOpen = true;
    const toolbar = new Toolbar(editor);
    toolbar.isHidden = this.#isReadOnly;
    this.#root.prepend(toolbar.element);
    return { kind: "editor", editor, toolbar };
  }

  #sharing(isMerging: () => boolean): Extensions {
    const { name, color } = this.#options.person;
    return [
      Collaboration.configure({ fragment: this.#page }),
      CollaborationCaret.configure({
        provider: { awareness: this.#presence },
        user: { name, color },
        // Checked people are all it is given.
        render: ({ name = "", color = "" }) => caretOf({ name, color }),
        selectionRender: ({ name = "", color = "" }) => selectionOf({ name, color }),
      }),
      Placeholder.configure({ placeholder: "Nothing here yet. Write something, in either pane." }),
      mergedRanges(isMerging),
    ];
  }

  #showNotice(foreign: string): Content {
    const element = document.createElement("p");
    element.className = "notice";
    element.textContent = `Another kind of editor wrote into this page (“${foreign.slice(0, 24)}”). This one does not know that and would delete it, so it stays closed.`;
    this.#scroller.append(element);
    return { kind: "notice", element };
  }

  #rowOf(clientId: number): Row | undefined {
    const cursor = this.#presence.cursorOf(clientId);
    if (!cursor || this.#content.kind !== "editor") return undefined;
    const { view } = this.#content.editor;
    const { mapping } = ySyncPluginKey.getState(view.state).binding;
    const position = relativePositionToAbsolutePosition(this.#options.doc, this.#page, cursor.head, mapping);
    return position === null ? undefined : view.coordsAtPos(Math.min(position, view.state.doc.content.size));
  }
}
