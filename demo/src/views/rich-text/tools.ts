/** What the toolbar of the page offers. Icons are drawn in a box of 20 by 20. */
import type { Editor } from "@tiptap/core";

export interface Tool {
  readonly name: string;
  /** As typed; shown to whoever points at the button. */
  readonly shortcut: string;
  /** Letters, or the path of a line drawing. */
  readonly icon: { readonly text: string; readonly className: string } | { readonly path: string };
  readonly isOn: (editor: Editor) => boolean;
  readonly apply: (editor: Editor) => boolean;
}

/** In groups. */
export const tools: readonly (readonly Tool[])[] = [
  [heading(1), heading(2)],
  [
    {
      name: "Bold",
      shortcut: "Ctrl B",
      icon: { text: "B", className: "tool-bold" },
      isOn: (editor) => editor.isActive("bold"),
      apply: (editor) => editor.commands.toggleBold(),
    },
    {
      name: "Italic",
      shortcut: "Ctrl I",
      icon: { text: "I", className: "tool-italic" },
      isOn: (editor) => editor.isActive("italic"),
      apply: (editor) => editor.commands.toggleItalic(),
    },
    {
      name: "Code",
      shortcut: "Ctrl E",
      icon: { path: "M7.5 5.5 3 10l4.5 4.5M12.5 5.5 17 10l-4.5 4.5" },
      isOn: (editor) => editor.isActive("code"),
      apply: (editor) => editor.commands.toggleCode(),
    },
  ],
  [
    {
      name: "Bullet list",
      shortcut: "-",
      icon: { path: "M8 5.5h9M8 10h9M8 14.5h9M3.5 5.5h.01M3.5 10h.01M3.5 14.5h.01" },
      isOn: (editor) => editor.isActive("bulletList"),
      apply: (editor) => editor.commands.toggleBulletList(),
    },
    {
      name: "Numbered list",
      shortcut: "1.",
      icon: {
        path: "M8.5 5.5H17M8.5 10H17M8.5 14.5H17M2.5 4.3l1.4-.8v4M2.5 12.6c.3-1 2.2-.9 2 .3-.1.8-1.2 1.3-2 2.3h2.2",
      },
      isOn: (editor) => editor.isActive("orderedList"),
      apply: (editor) => editor.commands.toggleOrderedList(),
    },
    {
      name: "Quote",
      shortcut: ">",
      icon: { path: "M4 5v10M8 6.5h9M8 10h9M8 13.5h6" },
      isOn: (editor) => editor.isActive("blockquote"),
      apply: (editor) => editor.commands.toggleBlockquote(),
    },
    {
      name: "Code block",
      shortcut: "```",
      icon: {
        path: "M4.5 3.5h11a1.5 1.5 0 0 1 1.5 1.5v10a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 15V5a1.5 1.5 0 0 1 1.5-1.5ZM6.5 8l2 2-2 2M10.5 12.5h3",
      },
      isOn: (editor) => editor.isActive("codeBlock"),
      apply: (editor) => editor.commands.toggleCodeBlock(),
    },
  ],
];

function heading(level: 1 | 2): Tool {
  return {
    name: level === 1 ? "Heading" : "Smaller heading",
    shortcut: "#".repeat(level),
    icon: { text: `H${level}`, className: "tool-heading" },
    isOn: (editor) => editor.isActive("heading", { level }),
    apply: (editor) => editor.commands.toggleHeading({ level }),
  };
}
