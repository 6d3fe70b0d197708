import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import { buildUpdate, contents, type Id } from "../../../../test/fixtures/update-builder.js";
import { contentOf } from "./content.js";

function jsonOf(edit: (doc: Y.Doc) => void): string {
  const doc = new Y.Doc();
  edit(doc);
  return new TextDecoder().decode(contentOf([Y.encodeStateAsUpdate(doc)]));
}

function valueOf(edit: (doc: Y.Doc) => void): unknown {
  return JSON.parse(jsonOf(edit));
}

function nested(depth: number, type: number): Uint8Array {
  const inside = (clock: number): string | Id => (clock === 0 ? "nested" : { client: 5, clock: clock - 1 });
  const structs = Array.from({ length: depth }, (_, clock) => ({
    content: contents.type(type, type === 3 ? "p" : undefined),
    parent: inside(clock),
    key: type === 1 ? "k" : undefined,
  }));
  return buildUpdate([{ client: 5, clock: 0, structs }]);
}

describe("roots", () => {
  test("of a text are strings, or deltas where something is marked or embedded", () => {
    const value = valueOf((doc) => {
      doc.getText("plain").insert(0, 'é😀"\n');
      doc.getText("marked").insert(0, "bold", { bold: true });
      doc.getText("embed").insertEmbed(0, { image: "a.png" });
      doc.getText("emptied").insert(0, "x");
      doc.getText("emptied").delete(0, 1);
    });
    expect(value).toEqual({
      plain: 'é😀"\n',
      marked: [{ insert: "bold", attributes: { bold: true } }],
      embed: [{ insert: { image: "a.png" } }],
      emptied: null,
    });
  });

  test("of maps, arrays and XML are what they are", () => {
    const value = valueOf((doc) => {
      doc.getMap("map").set("b", 1);
      doc.getMap("map").set("b", 2);
      doc.getMap("map").set("gone", 1);
      doc.getMap("map").delete("gone");
      doc.getArray("array").insert(0, ["text", 1.5, null, [1, { deep: true }]]);
      const paragraph = new Y.XmlElement("p");
      doc.getXmlFragment("xml").insert(0, [paragraph, new Y.XmlText("tail")]);
      paragraph.setAttribute("class", "lead");
      paragraph.insert(0, [new Y.XmlText("hello")]);
    });
    expect(value).toEqual({
      map: { b: 2 },
      array: ["text", 1.5, null, [1, { deep: true }]],
      xml: '<p class="lead">hello</p>tail',
    });
  });

  test("that are list and map in one say so", () => {
    const value = valueOf((doc) => {
      const text = doc.getText("both");
      text.insert(0, "text");
      text.setAttribute("key", "value" as unknown as object);
    });
    expect(value).toEqual({ both: { list: "text", map: { key: "value" } } });
  });

  test("with elements among other values are arrays", () => {
    const value = valueOf((doc) => doc.getArray("mixed").insert(0, [new Y.XmlElement("p"), "text"]));
    expect(value).toEqual({ mixed: ["<p></p>", "text"] });
  });

  test("are sorted by name", () => {
    const json = jsonOf((doc) => ["b", "ä", "a", ""].forEach((name) => doc.getText(name).insert(0, "x")));
    expect(json).toBe('{"":"x","a":"x","b":"x","ä":"x"}');
  });

  test("and keys may have any name", () => {
    const json = jsonOf((doc) => {
      doc.getMap("__proto__").set("__proto__", { polluted: true });
      doc.getMap("constructor").set("nested", new Y.Map([["__proto__", "value"]]));
    });
    expect(json).toBe('{"__proto__":{"__proto__":{"polluted":true}},"constructor":{"nested":{"__proto__":"value"}}}');
    expect(Object.hasOwn(Object.prototype, "polluted")).toBe(false);
  });
});

describe("values", () => {
  test("that JSON does not know have a form", () => {
    const value = valueOf((doc) => {
      const map = doc.getMap("map");
      map.set("bytes", Uint8Array.of(0, 255));
      map.set("undefined", undefined);
      map.set("big", 2n ** 60n);
      map.set("nested", { bytes: Uint8Array.of(1), list: [undefined, 5n] });
      map.set("subdocument", new Y.Doc({ guid: "sub" }));
    });
    expect(value).toEqual({
      map: {
        bytes: { base64: "AP8=" },
        undefined: null,
        big: "1152921504606846976",
        nested: { bytes: { base64: "AQ==" }, list: [null, "5"] },
        subdocument: { subdocument: "sub" },
      },
    });
  });

  test("may be shared types in shared types, to any depth people reach", () => {
    const value = valueOf((doc) => {
      const text = new Y.Text("inner");
      doc.getArray("array").insert(0, [new Y.Map([["list", Y.Array.from([text])]])]);
      text.format(0, 2, { bold: true });
      doc.getText("text").insertEmbed(0, new Y.Map([["key", "value"]]));
      doc.getText("text").insert(1, "!");
    });
    const delta = [{ insert: "in", attributes: { bold: true } }, { insert: "ner" }];
    expect(value).toEqual({ array: [{ list: [delta] }], text: [{ insert: { key: "value" } }, { insert: "!" }] });
  });
});

describe("what cannot be written", () => {
  test.each([
    ["lists", 0],
    ["maps", 1],
    ["XML", 3],
  ])("because of %s nested deeper than the stack is a failure that says so", (_, type) => {
    expect(() => contentOf([nested(50_000, type)])).toThrow(
      expect.objectContaining({ name: "WorkerError", code: "failed", message: expect.stringContaining("too deeply") }),
    );
  });

  test("names the piece", () => {
    expect(() => contentOf([Uint8Array.of(0, 0), Uint8Array.of(7)])).toThrow(
      expect.objectContaining({ code: "failed", pieceIndex: 1 }),
    );
  });
});
