/** Ways to reach out of the root types that one may write to: each is an update made by hand, and what the room answers. */
import { describe, expect, test } from "vitest";
import * as Y from "yjs";
import {
  buildUpdate,
  contents,
  type BlockSpec,
  type DeletionSpec,
  type Id,
  type StructSpec,
} from "../../../../test/fixtures/update-builder.js";
import { PartialRoom, type Answer } from "../../test-support/partial-room.js";
import { RootIndex } from "./root-check.js";

const writer = 100;
const author = 7;
const roots = ["comments"];
const within: Answer = { kind: "appended" };
const outside = (root = "text"): Answer => ({ kind: "declined", root });

const id = (client: number, clock: number): Id => ({ client, clock });
const letter = contents.string("x");
const run = (client: number, clock: number, length: number): DeletionSpec => ({ client, ranges: [{ clock, length }] });

/** A full writer's document and the room that has it. */
class Scene {
  readonly doc = new Y.Doc({ gc: false });
  readonly room = new PartialRoom();

  constructor(gc = false) {
    this.doc = new Y.Doc({ gc });
    this.doc.clientID = writer;
    this.doc.on("update", (update: Uint8Array) => this.room.receive(update));
  }

  /** Where the writer's next struct will be. */
  get next(): Id {
    return id(writer, Y.getState(this.doc.store, writer));
  }

  comes(...structs: readonly StructSpec[]): Answer {
    return this.sends([{ client: author, clock: this.room.contents.stateVector.get(author), structs }]);
  }

  deletes(...deletions: readonly DeletionSpec[]): Answer {
    return this.sends([], deletions);
  }

  sends(blocks: readonly BlockSpec[], deletions: readonly DeletionSpec[] = []): Answer {
    return this.room.receive(buildUpdate(blocks, deletions), roots);
  }
}

/** `text` has the ids 0 to 3, `comments` 4 to 7; a map, a nested text and an XML element follow in each. */
function furnished(): Scene & { readonly ids: Readonly<Record<string, Id>> } {
  const scene = new Scene();
  const { doc } = scene;
  doc.getText("text").insert(0, "text");
  doc.getText("comments").insert(0, "said");
  const ids: Record<string, Id> = {};
  const note = (name: string, make: () => void): void => {
    ids[name] = scene.next;
    make();
  };
  // Under a name of its own, and under the allowed one: types of Yjs do not mind what a root is used as.
  note("mapValue", () => doc.getMap("map").set("key", "value"));
  note("nested", () => doc.getMap("map").set("nested", new Y.Text("deep")));
  note("element", () => doc.getXmlFragment("xml").insert(0, [new Y.XmlElement("p")]));
  note("thread", () => doc.getText("comments").insertEmbed(4, new Y.Map()));
  note("reply", () => (doc.getText("comments").toDelta() as { insert: Y.Map<unknown> }[])[1]?.insert.set("by", "me"));
  return Object.assign(scene, { ids });
}

const at = (scene: { readonly ids: Readonly<Record<string, Id>> }, name: string): Id => scene.ids[name] ?? id(0, 0);

describe("a parent by name", () => {
  test.each([
    ["comments", true],
    ["text", false],
    ["comments2", false],
    ["comment", false],
    ["Comments", false],
    ["\ufeffcomments", false],
    ["", false],
    ["__proto__", false],
    ["constructor", false],
    ["a root that is not there yet", false],
  ])("%j: %s", (parent, isAllowed) => {
    expect(furnished().comes({ content: letter, parent })).toEqual(isAllowed ? within : outside(parent));
    expect(new Scene().comes({ content: letter, parent })).toEqual(isAllowed ? within : outside(parent));
  });

  test.each(["", "__proto__"])("that is allowed is exactly that one: %j", (name) => {
    const room = new PartialRoom();
    const to = (parent: string) => buildUpdate([{ client: author, clock: 0, structs: [{ content: letter, parent }] }]);
    expect(room.receive(to("text"), [name])).toEqual(outside());
    expect(room.receive(to(name), [name])).toEqual(within);
  });

  test("nothing is allowed where no name is", () => {
    const update = buildUpdate([{ client: author, clock: 0, structs: [{ content: letter, parent: "comments" }] }]);
    expect(new PartialRoom().receive(update, [])).toEqual(outside("comments"));
  });
});

describe("a parent by id", () => {
  test.each([
    ["thread", within],
    ["nested", outside("map")],
    ["element", outside("xml")],
    // These are no types, Yjs makes garbage of what is put into them; replicas that see more are not to be relied on.
    ["mapValue", outside("map")],
    ["reply", within],
  ])("%s", (name, answer) => {
    const scene = furnished();
    expect(scene.comes({ content: letter, parent: at(scene, name) })).toEqual(answer);
    const keyed = furnished();
    expect(keyed.comes({ content: letter, parent: at(keyed, name), key: "key" })).toEqual(answer);
  });

  test("a type of the same update counts for what it stands under itself", () => {
    const allowed = { content: contents.type(1), parent: "comments" };
    const inside = { content: letter, parent: id(author, 0), key: "key" };
    expect(furnished().comes(allowed, inside)).toEqual(within);
    expect(furnished().comes({ ...allowed, parent: "text" }, inside)).toEqual(outside());
  });

  test("a deep nest of types is followed to its end, and quickly each time", () => {
    const scene = new Scene();
    const nest: StructSpec[] = [{ content: contents.type(0), parent: "text" }];
    for (let depth = 0; depth < 2_000; depth++) nest.push({ content: contents.type(0), parent: id(writer, depth) });
    scene.room.receive(buildUpdate([{ client: writer, clock: 0, structs: nest }]));
    expect(scene.comes({ content: letter, parent: id(writer, 2_000) })).toEqual(outside());
    // Steps, not time: a name that was found is not looked for again.
    const index = new RootIndex(scene.room.document());
    const walk = () => index.rootAt(Y.createID(writer, 2_000));
    expect(walk()).toBe("text");
    const halfway = Y.getItem(index.doc.store, Y.createID(writer, 1_000)) as Y.Item;
    (halfway.content as Y.ContentType).type._item = null;
    expect(walk()).toBe("text");
  });

  test("of a deleted type is that of where the type was", () => {
    const scene = furnished();
    scene.doc.getMap("map").delete("nested");
    expect(scene.comes({ content: letter, parent: at(scene, "nested") })).toEqual(outside("map"));
  });
});

describe("a place inherited from neighbours", () => {
  const text = id(writer, 1);
  const said = id(writer, 5);

  test.each<[string, Partial<StructSpec>, Answer]>([
    ["behind an allowed one", { origin: said }, within],
    ["before an allowed one", { rightOrigin: said }, within],
    ["behind another's", { origin: text }, outside()],
    ["before another's", { rightOrigin: text }, outside()],
    ["behind an allowed one and before another's", { origin: said, rightOrigin: text }, outside()],
    ["behind another's and before an allowed one", { origin: text, rightOrigin: said }, outside()],
  ])("%s", (_, neighbours, answer) => {
    expect(furnished().comes({ content: letter, ...neighbours })).toEqual(answer);
  });

  test("behind a value of a map, or before it", () => {
    for (const side of ["origin", "rightOrigin"]) {
      const scene = furnished();
      expect(scene.comes({ content: letter, [side]: at(scene, "mapValue") })).toEqual(outside("map"));
      expect(scene.comes({ content: letter, [side]: at(scene, "reply") })).toEqual(within);
    }
  });

  test("behind one of the same update, which is behind another's", () => {
    expect(furnished().comes({ content: letter, origin: text }, { content: letter, origin: id(author, 0) })).toEqual(
      outside(),
    );
    const scene = furnished();
    const [first, second] = [author + 1, author];
    const blocks = [
      { client: first, clock: 0, structs: [{ content: letter, origin: id(second, 0) }] },
      { client: second, clock: 0, structs: [{ content: letter, rightOrigin: text }] },
    ];
    expect(scene.sends(blocks)).toEqual(outside());
  });

  test("behind a deleted one", () => {
    const scene = new Scene(true);
    scene.doc.getText("text").insert(0, "text");
    scene.doc.getText("text").delete(0, 4);
    expect(scene.comes({ content: letter, origin: id(writer, 1) })).toEqual(outside());
  });

  test("behind a collected one it is garbage itself, also for who collects nothing", () => {
    const scene = new Scene(true);
    const inner = scene.next;
    scene.doc.getMap("map").set("nested", new Y.Text("deep"));
    scene.doc.getMap("map").delete("nested");
    const before = JSON.stringify(scene.room.document(false).getMap("map"));
    const collected = id(writer, inner.clock + 2);
    expect(scene.comes({ content: letter, origin: collected })).toEqual(within);
    expect(JSON.stringify(scene.room.document(false).getMap("map"))).toBe(before);
  });

  test("behind another's and before a collected one, where only who collects nothing would see it", () => {
    const scene = new Scene(true);
    const { doc } = scene;
    doc.getText("text").insert(0, "text");
    const thread = scene.next;
    doc.getMap("comments").set("thread", new Y.Text("deep"));
    doc.getMap("comments").delete("thread");
    const collected = id(writer, thread.clock + 2);
    expect(scene.comes({ content: letter, origin: id(writer, 3), rightOrigin: collected })).toEqual(outside());
    expect(scene.comes({ content: letter, origin: collected, rightOrigin: id(writer, 3) })).toEqual(outside());
  });
});

describe("ids that are there", () => {
  test("a run that begins below the room's end stands behind what the room has there, whatever it says of itself", () => {
    const scene = new Scene();
    scene.doc.getText("text").insert(0, "text");
    const longer = { content: contents.string("said, and more"), parent: "comments" };
    expect(scene.sends([{ client: writer, clock: 0, structs: [longer] }])).toEqual(outside());
    expect(scene.sends([{ client: writer, clock: 4, structs: [longer] }])).toEqual(within);
  });

  test("structs that are known are not written again, wherever they are said to be", () => {
    const scene = new Scene();
    scene.doc.getText("comments").insert(0, "said");
    const forged = { content: contents.string("said"), parent: "text" };
    const more = { content: letter, origin: id(writer, 3) };
    expect(scene.sends([{ client: writer, clock: 0, structs: [forged, more] }])).toEqual(within);
    expect(scene.room.document().getText("comments").toJSON()).toBe("saidx");
  });

  test("what is skipped over is cut off with what comes before it, or is missing", () => {
    const scene = new Scene();
    scene.doc.getText("text").insert(0, "text");
    const hole = { content: contents.skip(2) };
    const [first, last] = [
      { content: letter, parent: "comments" },
      { content: letter, parent: "comments" },
    ];
    expect(scene.sends([{ client: writer, clock: 1, structs: [first, hole, last] }])).toEqual(within);
    expect(scene.sends([{ client: author, clock: 0, structs: [first, hole, last] }])).toEqual({ kind: "gap" });
    expect(scene.sends([{ client: writer, clock: 3, structs: [first, hole, { ...last, parent: "text" }] }])).toEqual({
      kind: "gap",
    });
  });

  test("of several clients each block counts", () => {
    const good = { content: letter, parent: "comments" };
    const bad = { content: letter, parent: "text" };
    const blocks = [9, 8, 7].map((client) => ({ client, clock: 0, structs: [client === 8 ? bad : good] }));
    const scene = furnished();
    expect(scene.sends(blocks)).toEqual(outside());
    expect([9, 8, 7].map((client) => scene.room.contents.stateVector.get(client))).toEqual([0, 0, 0]);
  });
});

describe("content of any kind", () => {
  const kinds = {
    text: contents.string("x"),
    deleted: contents.deleted(3),
    json: contents.json(["1"]),
    binary: contents.binary(Uint8Array.of(1)),
    embed: contents.embed("{}"),
    mark: contents.format("bold", "true"),
    type: contents.type(6),
    values: contents.any([1]),
    subdocument: contents.doc("guid", {}),
  };

  test.each(Object.entries(kinds))("%s goes where it may, and nowhere else", (_, content) => {
    expect(furnished().comes({ content, parent: "comments" })).toEqual(within);
    expect(furnished().comes({ content, parent: "text" })).toEqual(outside());
    expect(furnished().comes({ content, origin: id(writer, 0) })).toEqual(outside());
  });

  test("garbage stands nowhere: it may come, and what leans on it is garbage", () => {
    const scene = furnished();
    expect(scene.comes({ content: contents.gc(3) }, { content: letter, origin: id(author, 2) })).toEqual(within);
    expect(scene.comes({ content: letter, origin: id(author, 1), rightOrigin: id(writer, 0) })).toEqual(outside());
  });
});

describe("a deletion", () => {
  const kept = (scene: Scene): unknown => scene.room.document().getText("text").toJSON();

  test("of what is allowed is taken", () => {
    const scene = furnished();
    expect(scene.deletes(run(writer, 4, 2))).toEqual(within);
    expect(scene.room.document().getText("comments").toString()).toBe("id");
  });

  test.each([
    ["of another's", run(writer, 0, 1), "text"],
    ["from another's into what is allowed", run(writer, 2, 4), "text"],
    [
      "in two ranges",
      { client: writer, ranges: [4, 2].map((length, n) => ({ clock: n === 0 ? 4 : 8, length })) },
      "map",
    ],
  ])("%s is refused", (_, deletion, root) => {
    const scene = furnished();
    expect(scene.deletes(deletion)).toEqual(outside(root));
    expect(kept(scene)).toBe("text");
  });

  test("from what is allowed into another's is refused", () => {
    const scene = new Scene();
    scene.doc.getText("comments").insert(0, "said");
    scene.doc.getText("text").insert(0, "text");
    expect(scene.deletes(run(writer, 2, 4))).toEqual(outside());
  });

  test("with an edit that is allowed is refused together with it", () => {
    const scene = furnished();
    const block = { client: author, clock: 0, structs: [{ content: letter, parent: "comments" }] };
    expect(scene.sends([block], [run(writer, 0, 1)])).toEqual(outside());
    expect(scene.room.contents.stateVector.get(author)).toBe(0);
  });

  test("of what is deleted anyway is left out", () => {
    const scene = new Scene(true);
    const { doc, room } = scene;
    doc.getText("text").insert(0, "text");
    doc.getText("comments").insert(0, "said");
    // Deleted, and the room was never told: another's value that lost its key.
    room.receive(valueBy(1), undefined);
    room.receive(valueBy(2), undefined);
    const lost = Y.createDeleteSetFromStructStore(room.document().store).clients;
    expect([...lost.keys()]).toEqual([1]);
    expect(scene.deletes(run(1, 0, 1))).toEqual({ kind: "nothing-new" });
    const both = [run(writer, 4, 1), run(1, 0, 1)];
    expect(scene.deletes(...both)).toEqual(within);
    expect(room.contents.deletions.has(1, 0, 1)).toBe(false);
    expect(room.contents.deletions.has(writer, 4, 5)).toBe(true);
  });

  test("of what was collected is left out", () => {
    const scene = new Scene(true);
    const { clock } = scene.next;
    scene.doc.getMap("map").set("nested", new Y.Text("deep"));
    // Whoever brings it says nothing of what Yjs deletes with it.
    scene.room.receive(buildUpdate([], [run(writer, clock, 1)]));
    expect(scene.deletes(run(writer, clock + 1, 4))).toEqual({ kind: "nothing-new" });
  });

  test("of formatting marks elsewhere is left out: Yjs makes such by itself", () => {
    const scene = new Scene();
    const text = scene.doc.getText("text");
    text.insert(0, "text", { bold: true });
    expect(scene.deletes(run(writer, 0, 1))).toEqual({ kind: "nothing-new" });
    expect(scene.room.document().getText("text").toDelta()).toEqual(text.toDelta());
    expect(scene.deletes(run(writer, 0, 2))).toEqual(outside());
  });

  test("that Yjs makes by itself, of the value that a new one replaces, is taken", () => {
    const scene = new Scene();
    scene.doc.getMap("comments").set("key", "old");
    const replaces = (deletions: readonly DeletionSpec[]) =>
      scene.sends(
        [{ client: author, clock: 0, structs: [{ content: contents.any(["new"]), origin: id(writer, 0) }] }],
        deletions,
      );
    expect(replaces([run(writer, 0, 1)])).toEqual(within);
    expect(scene.room.document().getMap("comments").get("key")).toBe("new");
  });

  test("of what comes in the same update is taken", () => {
    const block = { client: author, clock: 0, structs: [{ content: letter, parent: "comments" }] };
    expect(furnished().sends([block], [run(author, 0, 1)])).toEqual(within);
  });
});

function valueBy(client: number): Uint8Array {
  const doc = new Y.Doc();
  doc.clientID = client;
  doc.getMap("map").set("key", client);
  return Y.encodeStateAsUpdate(doc);
}

describe("what a client that runs Yjs sends", () => {
  test("whole documents with edits of its own, deleted, collected and undone", () => {
    const scene = new Scene();
    scene.doc.getText("text").insert(0, "text");
    const doc = new Y.Doc();
    doc.clientID = author;
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(scene.doc));
    const threads = doc.getMap("comments");
    threads.set("gone", new Y.Array());
    (threads.get("gone") as Y.Array<unknown>).push([1, new Y.Text("x")]);
    threads.delete("gone");
    const undo = new Y.UndoManager(threads);
    threads.set("kept", new Y.Map([["by", "me"]]));
    undo.undo();
    undo.redo();
    expect(threads.size).toBe(1);
    const whole = Y.encodeStateAsUpdate(doc);
    expect(Y.decodeUpdate(whole).structs.some((struct) => struct instanceof Y.GC)).toBe(true);
    expect(scene.room.receive(whole, roots)).toEqual(within);
    expect(scene.room.document().getMap("comments").toJSON()).toEqual(threads.toJSON());
    expect(scene.room.receive(whole, roots)).toEqual({ kind: "nothing-new" });
  });

  test("an undo of its own edit elsewhere, from when it was allowed, is refused", () => {
    const scene = new Scene();
    const text = scene.doc.getText("text");
    const undo = new Y.UndoManager(text);
    text.insert(0, "mine");
    const stateVector = Y.encodeStateVector(scene.doc);
    const room = new PartialRoom();
    room.receive(Y.encodeStateAsUpdate(scene.doc));
    undo.undo();
    expect(room.receive(Y.encodeStateAsUpdate(scene.doc, stateVector), roots)).toEqual(outside());
  });
});
