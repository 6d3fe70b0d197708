import { getSchema } from "@tiptap/core";
import { Node } from "@tiptap/pm/model";
import { StarterKit } from "@tiptap/starter-kit";
import { describe, expect, test } from "vitest";
import { changesBetween } from "./changes.js";

const schema = getSchema([StarterKit]);

interface Json {
  readonly type: string;
  readonly content?: readonly Json[];
  readonly text?: string;
}

const paragraph = (text: string): Json => ({ type: "paragraph", content: text === "" ? [] : [{ type: "text", text }] });
const list = (...items: readonly string[]): Json => ({
  type: "bulletList",
  content: items.map((item) => ({ type: "listItem", content: [paragraph(item)] })),
});
const page = (...content: readonly Json[]): Node => Node.fromJSON(schema, { type: "doc", content });

/** What was taken away and what came, the ends of paragraphs as ¶. */
function described(before: Node, after: Node): string[] {
  return changesBetween(before, after).map(({ fromA, toA, fromB, toB }) =>
    [before.textBetween(fromA, toA, "¶"), after.textBetween(fromB, toB, "¶")].join(" → "),
  );
}

describe("what changed between two pages", () => {
  test("is nothing when nothing did", () => {
    expect(described(page(paragraph("slate"), list("a", "b")), page(paragraph("slate"), list("a", "b")))).toEqual([]);
  });

  test("is a new paragraph among others, whatever its letters have in common with theirs", () => {
    const before = page(paragraph("limestone"), paragraph("slate"));
    const after = page(paragraph("limestone"), paragraph("sandstone"), paragraph("slate"), paragraph("and late"));
    expect(described(before, after)).toEqual([" → sandstone", " → and late"]);
  });

  test("is what is new within several paragraphs", () => {
    const before = page(paragraph("limestone"), paragraph("slate"), paragraph("marl"));
    const after = page(paragraph("grey limestone"), paragraph("slate"), paragraph("marl, too"));
    expect(described(before, after)).toEqual([" → grey ", " → , too"]);
  });

  test("is a new item of a list, not the list", () => {
    expect(described(page(list("hammer", "lens")), page(list("hammer", "map", "lens", "compass")))).toEqual([
      " → map",
      " → compass",
    ]);
  });

  test("begins and ends where words do", () => {
    expect(described(page(paragraph("slate")), page(paragraph("second slate")))).toEqual([" → second "]);
    expect(described(page(paragraph("the valley")), page(paragraph("the far valley")))).toEqual([" →  far"]);
  });

  test("is what was deleted", () => {
    const before = page(paragraph("grey limestone"), paragraph("slate"));
    expect(described(before, page(paragraph("limestone"), paragraph("slate")))).toEqual(["grey  → "]);
    expect(described(before, page(paragraph("slate")))).toEqual(["grey limestone → "]);
  });

  test("leads from one page to the other, for random pages", () => {
    let seed = 1;
    const below = (limit: number) => (seed = (seed * 48_271) % 2_147_483_647) % limit;
    const word = () => ["slate", "late", "s", "limestone", "stone", "one"][below(6)] ?? "";
    const line = () => Array.from({ length: below(4) }, word).join(below(2) === 0 ? " " : "");
    const block = () => (below(4) === 0 ? list(line(), line()) : paragraph(line()));
    const random = () => page(...Array.from({ length: 1 + below(5) }, block));
    for (let round = 0; round < 1_500; round += 1) {
      const [before, after] = [random(), random()];
      const changes = changesBetween(before, after);
      let rebuilt: string[] = [];
      let [a, b] = [0, 0];
      for (const { fromA, toA, fromB, toB } of changes) {
        expect(fromA - a).toBe(fromB - b);
        rebuilt = [...rebuilt, ...tokens(before, a, fromA), ...tokens(after, fromB, toB)];
        [a, b] = [toA, toB];
      }
      rebuilt.push(...tokens(before, a, before.content.size));
      expect(rebuilt.join("")).toBe(tokens(after, 0, after.content.size).join(""));
    }
  });
});

/** One for each position: a letter, or where a node begins or ends. */
function tokens(doc: Node, from: number, to: number): string[] {
  const all: string[] = [];
  const visit = (node: Node): void => {
    if (node.isText) return void all.push(...(node.text ?? ""));
    all.push(`<${node.type.name}>`);
    node.forEach(visit);
    all.push(`</${node.type.name}>`);
  };
  doc.forEach(visit);
  return all.slice(from, to);
}
