import { getSchema } from "@tiptap/core";
import { StarterKit } from "@tiptap/starter-kit";
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { foreignContent } from "./foreign-content.js";

const schema = getSchema([StarterKit]);

function element(name: string, ...children: (Y.XmlElement | Y.XmlText)[]): Y.XmlElement {
  const made = new Y.XmlElement(name);
  made.insert(0, children);
  return made;
}

function text(content: string, marks: object = {}): Y.XmlText {
  const made = new Y.XmlText();
  made.insert(0, content, marks);
  return made;
}

function foreignIn(...children: (Y.XmlElement | Y.XmlText)[]): string | undefined {
  const page = new Y.Doc().getXmlFragment("page");
  page.insert(0, children);
  return foreignContent(page, schema);
}

describe("what another editor wrote into the page", () => {
  test("is nothing in what this one writes", () => {
    expect(foreignIn()).toBeUndefined();
    const item = element(
      "listItem",
      element("paragraph", text("slate", { bold: true, link: { href: "https://a.example" } })),
    );
    expect(foreignIn(element("heading", text("Notes")), element("bulletList", item))).toBeUndefined();
  });

  test("is a mark that may overlap only if its name is unknown, whatever hash follows it", () => {
    expect(foreignIn(element("paragraph", text("slate", { "link--aB3+/=9Z": {} })))).toBeUndefined();
    expect(foreignIn(element("paragraph", text("slate", { "comment--aB3+/=9Z": {} })))).toBe("comment--aB3+/=9Z");
  });

  test.each([
    ["a node of another schema", [element("bullet_list")], "bullet_list"],
    ["one deep inside", [element("blockquote", element("paragraph"), element("table"))], "table"],
    ["a name that every object has", [element("constructor")], "constructor"],
    ["an element called text", [element("text")], "text"],
    ["a document in the document", [element("doc")], "doc"],
    ["text outside of a paragraph", [text("bare")], "text"],
    ["a mark of another schema", [element("paragraph", text("slate", { strong: {} }))], "strong"],
  ])("is %s", (_, children, name) => {
    expect(foreignIn(...children)).toBe(name);
  });

  test("is an embedded object", () => {
    const embedding = text("slate");
    const page = new Y.Doc().getXmlFragment("page");
    page.insert(0, [element("paragraph", embedding)]);
    embedding.insertEmbed(2, { image: "x" });
    expect(foreignContent(page, schema)).toBe("embed");
  });
});
