/** What code looks like, in the pane and in the dialog. Colours and sizes are the page's; code-look.css has those of syntax. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import { tsxLanguage } from "@codemirror/lang-javascript";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import "./code-look.css";

const highlighting = HighlightStyle.define([
  { tag: [tags.keyword, tags.operatorKeyword, tags.modifier, tags.self], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string), tags.regexp], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null, tags.atom], color: "var(--code-literal)" },
  { tag: [tags.typeName, tags.className, tags.tagName, tags.namespace], color: "var(--code-type)" },
  { tag: tags.function(tags.definition(tags.variableName)), fontWeight: "600" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: [tags.punctuation, tags.operator], color: "var(--code-punctuation)" },
]);

const frame = EditorView.theme({
  "&": { height: "100%", color: "inherit", backgroundColor: "transparent" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": {
    fontFamily: "var(--mono)",
    fontSize: "var(--code-size)",
    lineHeight: "1.7",
    overflow: "auto",
    overscrollBehavior: "contain",
  },
  ".cm-content": { padding: "var(--page-top) 0 1.5rem", caretColor: "var(--ink)" },
  ".cm-line": { padding: "0 var(--gutter) 0 0.875rem" },
  ".cm-gutters": { border: "0", background: "none", color: "var(--code-number)" },
  ".cm-lineNumbers .cm-gutterElement": { minWidth: "calc(var(--gutter) + 1.25rem)", padding: "0" },
  ".cm-placeholder": { color: "var(--muted)" },
});

/** TypeScript with JSX, which JavaScript is part of. */
export const codeLook: Extension = [tsxLanguage, syntaxHighlighting(highlighting), frame];
