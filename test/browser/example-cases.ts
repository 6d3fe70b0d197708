/** The recipes' pages, and for each how a person types into it and what they can read there. One entry a page. */
import type { Page } from "playwright-core";
import * as Y from "yjs";

export interface ExampleCase {
  /** Below examples/. */
  readonly folder: string;
  readonly page: "index.html" | "react.html";
  /** Puts `text` at the end of the document, as a person does: click, keys. */
  readonly write: (page: Page, text: string) => Promise<void>;
  /** Puts `text` before what the others wrote, if the page has an order: they must undo around it. @default at the start, by key */
  readonly writeBefore?: (page: Page, text: string) => Promise<void>;
  /** The document as the page shows it, without anybody's cursor; `""` while it is not there. */
  readonly read: (page: Page) => Promise<string>;
  /** Names of the others as they can be seen: on their cursors, or in a list. */
  readonly names: (page: Page) => Promise<string[]>;
  /** The same as `read`, of the document. */
  readonly content: (doc: Y.Doc) => string;
  /** Whether the page keeps a copy in the browser, and shows it after a reload while there is no server. */
  readonly isKept?: boolean;
}

/** Clicks into what `selector` names, and types at its end. */
export const typesInto =
  (selector: string): ExampleCase["write"] =>
  async (page, text) => {
    await page.locator(selector).click();
    await page.keyboard.press("Control+End");
    await page.keyboard.type(text);
  };

/** The text of each `block` in what `selector` names, without what other people's cursors add. */
export const readsBlocks =
  (selector: string, block: string, cursors: string): ExampleCase["read"] =>
  (page) =>
    page.locator(selector).evaluateAll(
      (roots, [blockSelector, cursorSelector]) =>
        roots
          .flatMap((root) => {
            const copy = root.cloneNode(true) as Element;
            for (const cursor of copy.querySelectorAll(cursorSelector)) cursor.remove();
            return [...copy.querySelectorAll(blockSelector)].map((element) => element.textContent);
          })
          .join("\n"),
      [block, cursors] as const,
    );

/** What is written in the elements that `selector` names, as far as a person can see them. */
export const readsNames =
  (selector: string): ExampleCase["names"] =>
  (page) =>
    page
      .locator(selector)
      .evaluateAll((labels) =>
        labels
          .filter((label) => label.checkVisibility({ opacityProperty: true, visibilityProperty: true }))
          .map((label) => label.textContent.trim()),
      );

/** The text of each block of a rich text, as y-prosemirror keeps it. */
export function textOfBlocks(fragment: Y.XmlFragment): string {
  const blocks = fragment.toArray().filter((block) => block instanceof Y.XmlElement);
  return blocks.map((block) => block.toArray().join("")).join("\n");
}

const textarea: ExampleCase = {
  folder: "textarea",
  page: "index.html",
  write: typesInto("textarea"),
  read: (page) => page.locator("textarea").inputValue(),
  names: async (page) => (await readsNames("#people li")(page)).map((item) => item.replace(/, line 1$/, "")),
  content: (doc) => doc.getText("text").toString(),
  isKept: true,
};

const codemirror: ExampleCase = {
  folder: "codemirror",
  page: "index.html",
  write: typesInto(".cm-content"),
  read: readsBlocks(".cm-content", ".cm-line", ".cm-ySelectionCaret"),
  names: readsNames(".cm-ySelectionInfo"),
  content: (doc) => doc.getText("text").toString(),
  isKept: true,
};

const prosemirror: ExampleCase = {
  folder: "prosemirror",
  page: "index.html",
  write: typesInto(".ProseMirror"),
  read: readsBlocks(".ProseMirror", "p", ".ProseMirror-yjs-cursor"),
  names: readsNames(".ProseMirror-yjs-cursor > div"),
  content: (doc) => textOfBlocks(doc.getXmlFragment("prosemirror")),
};

const quill: ExampleCase = {
  folder: "quill",
  page: "index.html",
  write: typesInto(".ql-editor"),
  read: readsBlocks(".ql-editor", "p", ".none"),
  names: readsNames(".ql-cursor-name"),
  content: (doc) => doc.getText("quill").toString().replace(/\n$/, ""),
};

const monaco: ExampleCase = {
  folder: "monaco",
  page: "index.html",
  write: typesInto(".monaco-editor .view-lines"),
  // What is drawn: no-break spaces in the place of spaces.
  read: async (page) => (await readsBlocks(".view-lines", ".view-line", ".none")(page)).replaceAll("\u00a0", " "),
  names: (page) =>
    page
      .locator(".yRemoteSelectionHead")
      .evaluateAll((heads) => heads.map((head) => getComputedStyle(head, "::after").content.replaceAll('"', ""))),
  content: (doc) => doc.getText("text").toString(),
};

const tiptap: ExampleCase = {
  folder: "tiptap",
  page: "index.html",
  write: typesInto(".tiptap"),
  read: readsBlocks(".tiptap", "p", ".collaboration-carets__caret"),
  names: readsNames(".collaboration-carets__label"),
  content: (doc) => textOfBlocks(doc.getXmlFragment("page")),
  isKept: true,
};

const lexical: ExampleCase = {
  folder: "lexical",
  page: "index.html",
  write: typesInto("#editor"),
  read: readsBlocks("#editor", "p", ".none"),
  // Lexical's carets have no class: a caret is a span of its own, with the name in it.
  names: readsNames("#cursors > span > span:not(:empty), body > div:not(#page) > span > span:not(:empty)"),
  content: (doc) => textOfLexical(doc.get("root", Y.XmlText)),
  isKept: true,
};

/** Of each block: text, between maps that say how it looks. */
function textOfLexical(root: Y.XmlText): string {
  const blocks = insertsOf(root).filter((block) => block instanceof Y.XmlText);
  const isText = (insert: unknown) => typeof insert === "string";
  return blocks.map((block) => insertsOf(block).filter(isText).join("")).join("\n");
}

const insertsOf = (text: Y.XmlText): unknown[] => (text.toDelta() as { insert: unknown }[]).map(({ insert }) => insert);

const blocknote: ExampleCase = {
  folder: "blocknote",
  page: "react.html",
  write: typesInto(".bn-editor"),
  read: readsBlocks(".bn-editor", ".bn-inline-content", ".bn-collaboration-cursor__base"),
  names: readsNames(".bn-collaboration-cursor__label"),
  content: (doc) => textOfBlockNote(doc.getXmlFragment("blocks")),
  isKept: true,
};

const textOfBlockNote = (blocks: Y.XmlFragment): string =>
  blocks
    .querySelectorAll("paragraph")
    .map((paragraph) => (paragraph as Y.XmlElement).toArray().join(""))
    .join("\n");

async function addsTodo(page: Page, text: string): Promise<void> {
  await page.locator("#new").click();
  await page.keyboard.type(text);
  await page.keyboard.press("Enter");
}

const todo: ExampleCase = {
  folder: "todo",
  page: "index.html",
  write: addsTodo,
  writeBefore: addsTodo,
  read: async (page) => {
    const inputs = page.locator('#todos input[type="text"]');
    return (await inputs.evaluateAll((fields) => fields.map((field) => (field as HTMLInputElement).value))).join("\n");
  },
  names: readsNames("#people:not(:empty)"),
  content: (doc) =>
    doc
      .getArray<Y.Map<unknown>>("todos")
      .map((item) => String(item.get("text")))
      .join("\n"),
  isKept: true,
};

export const exampleCases: readonly ExampleCase[] = [
  textarea,
  { ...textarea, page: "react.html" },
  codemirror,
  { ...codemirror, page: "react.html" },
  prosemirror,
  quill,
  monaco,
  tiptap,
  { ...tiptap, page: "react.html" },
  lexical,
  // Its plugin shows only what arrives after it was mounted: a copy in the browser may be faster.
  { ...lexical, page: "react.html", isKept: false },
  blocknote,
  todo,
  { ...todo, page: "react.html" },
];
