/**
 * What another kind of editor wrote into the same page. y-tiptap deletes what its schema does not know, for everybody, and
 * throws on text outside of a paragraph: such a page must not be given to it.
 */
import type { Schema } from "@tiptap/pm/model";
import * as Y from "yjs";

/** The name of something that `schema` does not know, if there is any. */
export function foreignContent(page: Y.XmlFragment, schema: Schema): string | undefined {
  return firstOf(page.toArray(), (child) => (child instanceof Y.XmlText ? "text" : foreignIn(child, schema)));
}

function foreignIn(child: unknown, schema: Schema): string | undefined {
  if (child instanceof Y.XmlText) return foreignMark(child, schema);
  // A hook, which no editor writes.
  if (!(child instanceof Y.XmlElement)) return "hook";
  if (!isNode(child.nodeName, schema)) return child.nodeName;
  return firstOf(child.toArray(), (grandchild) => foreignIn(grandchild, schema));
}

/** Text and the document itself are no elements. */
function isNode(name: string, schema: Schema): boolean {
  const type = schema.nodes[name];
  return type !== undefined && !type.isText && type !== schema.topNodeType;
}

interface Run {
  readonly insert: unknown;
  readonly attributes?: object;
}

function foreignMark(text: Y.XmlText, schema: Schema): string | undefined {
  const runs: readonly Run[] = text.toDelta();
  return firstOf(runs, ({ insert, attributes = {} }) => {
    if (typeof insert !== "string") return "embed";
    return Object.keys(attributes).find((name) => schema.marks[markIn(name)] === undefined);
  });
}

/** Marks that may overlap carry a hash of what they say. */
function markIn(attribute: string): string {
  return attribute.replace(/--[a-z0-9+/=]{8}$/i, "");
}

function firstOf<Item>(items: readonly Item[], find: (item: Item) => string | undefined): string | undefined {
  for (const item of items) {
    const found = find(item);
    if (found !== undefined) return found;
  }
  return undefined;
}
