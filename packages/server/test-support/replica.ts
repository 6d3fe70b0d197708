/**
 * People who do to a document what people do, with every type Yjs has: an author with an undo stack, and what one may be told to
 * do, for tests that make up whole histories.
 */
import fc from "fast-check";
import * as Y from "yjs";

export interface Command {
  readonly kind: (typeof kinds)[number];
  readonly replica: number;
  /** Chooses the type, the place, the value; each in its own bits. */
  readonly choice: number;
}

const kinds = [
  "insert-text",
  "insert-text",
  "append-text",
  "delete-text",
  "format-text",
  "insert-embed",
  "insert-values",
  "delete-values",
  "set-key",
  "set-key",
  "delete-key",
  "insert-xml",
  "set-attribute",
  "delete-xml",
  "undo",
  "redo",
  "pull",
  "pull",
  "upload",
] as const;

export const command: fc.Arbitrary<Command> = fc.record({
  kind: fc.constantFrom(...kinds),
  replica: fc.nat(2),
  choice: fc.nat(0x7fffffff),
});

const texts = ["a", "bc", "é", "😀", "long enough to be cut into parts 😀😀😀 ".repeat(8), "\u0000", "\uffff"];
const values = [
  0,
  -1.5,
  2 ** 40,
  true,
  null,
  "text",
  "",
  [1, [2]],
  { key: { nested: "😀" } },
  new Uint8Array([1, 2, 3]),
];
const marks = [{ bold: true }, { bold: null }, { italic: true }, { link: { href: "x" } }, { italic: null }];

/** Of root types, one of each kind. */
export interface RootNames {
  readonly text: string;
  readonly array: string;
  readonly map: string;
  readonly xml: string;
}

const usualNames: RootNames = { text: "text", array: "array", map: "map", xml: "xml" };

/** One author with an undo stack of their own. */
export class Replica {
  readonly doc: Y.Doc;
  readonly #undo: Y.UndoManager;
  readonly #roots: readonly (Y.Text | Y.Array<unknown> | Y.Map<unknown> | Y.XmlFragment)[];

  /** @param names the root types it edits */
  constructor(clientId: number, gc: boolean, ...names: readonly RootNames[]) {
    this.doc = new Y.Doc({ gc });
    this.doc.clientID = clientId;
    const { doc } = this;
    this.#roots = (names.length > 0 ? names : [usualNames]).flatMap(({ text, array, map, xml }) => [
      doc.getText(text),
      doc.getArray(array),
      doc.getMap(map),
      doc.getXmlFragment(xml),
    ]);
    this.#undo = new Y.UndoManager([...this.#roots], { captureTimeout: 0 });
  }

  pull(from: Y.Doc): void {
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(from, Y.encodeStateVector(this.doc)), "pull");
  }

  run({ kind, choice }: Command): void {
    const place = (choice >> 8) & 0xff;
    switch (kind) {
      case "insert-text":
        return this.#insertText(this.#pick(Y.Text, choice), place, choice);
      case "append-text": {
        const text = this.#pick(Y.Text, choice);
        return text.insert(text.length, pick(texts, choice >> 16));
      }
      case "delete-text":
        return this.#deleteText(this.#pick(Y.Text, choice), place, choice);
      case "format-text":
        return this.#formatText(this.#pick(Y.Text, choice), place, choice);
      case "insert-embed": {
        const text = this.#pick(Y.Text, choice);
        return text.insertEmbed(characterStart(text, place), { image: choice % 10 }, pick(marks, choice >> 16));
      }
      case "insert-values": {
        const array = this.#pick<Y.Array<unknown>>(Y.Array, choice);
        return array.insert(place % (array.length + 1), someValues(choice));
      }
      case "delete-values": {
        const array = this.#pick<Y.Array<unknown>>(Y.Array, choice);
        const start = place % (array.length + 1);
        return array.delete(start, Math.min(1 + (choice % 3), array.length - start));
      }
      case "set-key":
        return void this.#pick<Y.Map<unknown>>(Y.Map, choice).set(
          pick(["k", "l", "__proto__"], place),
          someValues(choice)[0],
        );
      case "delete-key":
        return this.#pick<Y.Map<unknown>>(Y.Map, choice).delete(pick(["k", "l"], place));
      case "insert-xml": {
        const parent = this.#pick(Y.XmlFragment, choice);
        const child = choice % 2 === 0 ? new Y.XmlElement("p") : new Y.XmlText(pick(texts, choice >> 16));
        return parent.insert(place % (parent.length + 1), [child]);
      }
      case "set-attribute": {
        const parent = this.#pick(Y.XmlFragment, choice);
        if (parent instanceof Y.XmlElement)
          parent.setAttribute(pick(["class", "id"], place), pick(texts, choice >> 16));
        return;
      }
      case "delete-xml": {
        const parent = this.#pick(Y.XmlFragment, choice);
        if (parent.length > 0) parent.delete(place % parent.length, 1);
        return;
      }
      case "undo":
        return void this.#undo.undo();
      case "redo":
        return void this.#undo.redo();
      case "pull":
      case "upload":
        return;
    }
  }

  /** One of the living types of this kind, however deeply nested. */
  #pick<Type>(kind: new (...parameters: never[]) => Type, choice: number): Type {
    const found: Type[] = [];
    const walk = (type: unknown): void => {
      if (type instanceof kind) found.push(type);
      if (type instanceof Y.Array || type instanceof Y.XmlFragment) for (const child of type.toArray()) walk(child);
      if (type instanceof Y.Map) for (const child of type.values()) walk(child);
    };
    for (const root of this.#roots) walk(root);
    return pick(found, choice >> 20);
  }

  #insertText(text: Y.Text, place: number, choice: number): void {
    const attributes = choice % 5 === 0 ? pick(marks, choice >> 16) : undefined;
    text.insert(characterStart(text, place), pick(texts, choice >> 16), attributes);
  }

  #deleteText(text: Y.Text, place: number, choice: number): void {
    const start = characterStart(text, place);
    const end = characterStart(text, start + 1 + (choice % 40));
    if (end > start) text.delete(start, end - start);
  }

  #formatText(text: Y.Text, place: number, choice: number): void {
    const start = characterStart(text, place);
    const end = characterStart(text, start + 1 + (choice % 9));
    if (end > start) text.format(start, end - start, pick(marks, choice >> 16));
  }
}

export function pick<Value>(list: readonly Value[], choice: number): Value {
  return list[choice % list.length] as Value;
}

function someValues(choice: number): unknown[] {
  switch ((choice >> 4) % 9) {
    case 0:
      return [new Y.Map([["k", new Y.Text("deep")]])];
    case 1:
      return [new Y.Text(pick(texts, choice >> 16))];
    case 2:
      return [Y.Array.from([1, "two"]), new Y.XmlElement("div")];
    case 3:
      return [new Y.Doc({ guid: `sub-${choice % 4}`, autoLoad: choice % 2 === 0 })];
    case 4:
      return Array.from({ length: 60 }, (_, index) => ({ index, filler: "x".repeat(choice % 30) }));
    default:
      return [pick(values, choice >> 16), pick(values, choice >> 19)];
  }
}

/** Yjs turns both halves of a surrogate pair into U+FFFD on the replica that cuts it: honest editors do not. */
function characterStart(text: Y.Text, place: number): number {
  const units: string[] = [];
  for (const { insert } of text.toDelta() as { insert: unknown }[]) {
    if (typeof insert === "string") units.push(...insert.split(""));
    else units.push("\ufffc");
  }
  const start = place % (units.length + 1);
  const unit = units[start]?.charCodeAt(0) ?? 0;
  return unit >= 0xdc00 && unit < 0xe000 ? start - 1 : start;
}
