import { EditorState, type Transaction, type TransactionSpec } from "@codemirror/state";
import type { EditorView, ViewPlugin, ViewUpdate } from "@codemirror/view";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Awareness } from "y-protocols/awareness";
import { ySync, ySyncFacet, YSyncConfig, yRemoteSelections } from "y-codemirror.next";
import * as Y from "yjs";
import { edit, makeHistory, type Client, type History } from "../../../test/fixtures/histories.js";
import { Random } from "../../../test/fixtures/random.js";
import { resetDocument } from "./reset-document.js";

const runCount = 60;
const origin = { name: "the provider" };
const newClientId = 987_654_321;
const seeds = fc.integer({ min: 0, max: 2 ** 31 });

/** Shared types and subdocuments as what they hold. */
function plain(value: unknown): unknown {
  if (value instanceof Y.Doc) return { guid: value.guid };
  if (value instanceof Y.Text) return [(value.toDelta() as unknown[]).map(plain), plain(value.getAttributes())];
  if (value instanceof Y.Map) return Object.fromEntries([...value.entries()].map(([key, item]) => [key, plain(item)]));
  if (value instanceof Y.Array) return value.toArray().map(plain);
  if (value instanceof Y.XmlElement) return [value.nodeName, plain(value.getAttributes()), value.toArray().map(plain)];
  if (value instanceof Y.XmlFragment) return value.toArray().map(plain);
  if (Array.isArray(value)) return value.map(plain);
  if (value === null || typeof value !== "object" || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}

function rootsOf(doc: Y.Doc) {
  return [doc.getText("text"), doc.getArray("array"), doc.getMap("map"), doc.getXmlFragment("xml")] as const;
}

function shownBy(doc: Y.Doc): unknown[] {
  return rootsOf(doc).map(plain);
}

/** All that two replicas can differ in. */
function stateOf(doc: Y.Doc): unknown {
  const shown = shownBy(doc);
  const { clients } = Y.createDeleteSetFromStructStore(doc.store);
  return {
    shown,
    clocks: new Map([...Y.decodeStateVector(Y.encodeStateVector(doc))].sort(([left], [right]) => left - right)),
    deleted: new Map([...clients].sort(([left], [right]) => left - right)),
    bytes: Y.encodeStateAsUpdate(doc),
    pending: [doc.store.pendingStructs, doc.store.pendingDs],
  };
}

/** Somebody with the same root types who gets the updates as one that joins does. */
function freshClient(updates: readonly Uint8Array[], gc: boolean): Client {
  const doc = new Y.Doc({ gc });
  const undo = new Y.UndoManager([...rootsOf(doc)], { captureTimeout: 0 });
  receive(doc, updates);
  return { doc, undo };
}

function freshDoc(updates: readonly Uint8Array[], gc = true): Y.Doc {
  const doc = new Y.Doc({ gc });
  rootsOf(doc);
  receive(doc, updates);
  return doc;
}

function receive(doc: Y.Doc, updates: readonly Uint8Array[]): void {
  doc.transact(() => updates.forEach((update) => Y.applyUpdate(doc, update, "server")), "server");
}

function typed(text: string, clientId = 1): Y.Doc {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  doc.getText("text").insert(0, text);
  return doc;
}

interface Refused {
  readonly client: Client;
  /** What the server has. */
  readonly accepted: readonly Uint8Array[];
}

/** Somebody who made edits, the later of which nobody else has. */
function refusedEdits(seed: number): Refused {
  const random = new Random(seed);
  const { clients }: History = makeHistory(random, 3, 20 + random.int(60));
  const client = random.pick(clients);
  const accepted = [Y.encodeStateAsUpdate(client.doc)];
  for (let count = random.int(40); count > 0; count--) edit(random, client);
  // Others went on meanwhile.
  const other = random.pick(clients.filter(({ doc }) => doc !== client.doc));
  if (random.chance(0.5)) accepted.push(Y.encodeStateAsUpdate(other.doc));
  return { client, accepted };
}

type Delta = readonly { insert?: unknown; delete?: number; retain?: number; attributes?: Record<string, unknown> }[];
type Cell = readonly [content: unknown, attributes: Record<string, unknown>];

/** What a binding holds that does nothing but apply deltas: each character or element with its formatting. */
function applied(cells: readonly Cell[], delta: Delta): Cell[] {
  const rest = [...cells];
  const done: Cell[] = [];
  for (const { insert, delete: deleteCount = 0, retain = 0, attributes = {} } of delta) {
    rest.splice(0, deleteCount);
    for (const [content, before] of rest.splice(0, retain))
      done.push([content, withoutNull({ ...before, ...attributes })]);
    if (insert === undefined) continue;
    const contents: unknown[] =
      typeof insert === "string" ? insert.split("") : Array.isArray(insert) ? insert : [insert];
    for (const content of contents) done.push([content, withoutNull(attributes)]);
  }
  return [...done, ...rest];
}

function withoutNull(attributes: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(attributes).filter(([, value]) => value !== null));
}

function isHalf(content: unknown): boolean {
  return typeof content === "string" && /^[\ud800-\udfff]$/.test(content);
}

/** Mirrors the four root types by their events alone, and says what it holds. */
function bindingOf(doc: Y.Doc): () => unknown {
  const [text, array, map, xml] = rootsOf(doc);
  let characters = applied([], text.toDelta() as Delta);
  let elements: Cell[] = array.toArray().map((element) => [element, {}]);
  let nodes: Cell[] = xml.toArray().map((node) => [node, {}]);
  const entries = new Map(map.entries());
  text.observe((event) => (characters = applied(characters, event.delta as Delta)));
  array.observe((event) => (elements = applied(elements, event.delta as Delta)));
  xml.observe((event) => (nodes = applied(nodes, event.delta as Delta)));
  map.observe((event) => {
    for (const [key, { action }] of event.changes.keys) {
      if (action === "delete") entries.delete(key);
      else entries.set(key, map.get(key));
    }
  });
  // A later edit that parts a surrogate pair makes Yjs replace both halves, and tell no observer.
  const whole = ([content, attributes]: Cell): Cell => [isHalf(content) ? "\ufffd" : content, attributes];
  return () => [characters.map(whole), elements, nodes, Object.fromEntries(entries)].map(plain);
}

describe("whatever was refused", { timeout: 120_000 }, () => {
  test("the document is what one would be that never had it", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const { client, accepted } = refusedEdits(seed);
        const roots = rootsOf(client.doc);
        resetDocument(client.doc, accepted, origin, newClientId);
        // With an undo manager, as the client has: what Yjs tidies of formatting, any undo manager keeps from being collected.
        const fresh = freshClient(accepted, client.doc.gc);
        expect(stateOf(client.doc)).toEqual(stateOf(fresh.doc));
        expect(client.doc.clientID).toBe(newClientId);
        for (const [index, root] of rootsOf(client.doc).entries()) expect(root).toBe(roots[index]);
      }),
      { numRuns: runCount, examples: [[1_250_390_806]] },
    );
  });

  test("it can be edited on, undone on, and synced with others both ways", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const { client, accepted } = refusedEdits(seed);
        const server = freshDoc(accepted, false);
        resetDocument(client.doc, accepted, origin, newClientId);
        const peerDoc = freshDoc(accepted);
        const peer: Client = { doc: peerDoc, undo: new Y.UndoManager([...rootsOf(peerDoc)]) };
        const lacks = (to: Y.Doc, from: Y.Doc) => Y.encodeStateAsUpdate(from, Y.encodeStateVector(to));
        for (let count = 0; count < 60; count++) {
          const editor = random.pick([client, peer]);
          edit(random, editor);
          if (random.chance(0.3)) Y.applyUpdate(server, lacks(server, editor.doc));
          expect(server.store.pendingStructs).toBeNull();
          if (random.chance(0.3)) Y.applyUpdate(editor.doc, lacks(editor.doc, server));
        }
        for (let round = 0; round < 3; round++) {
          for (const { doc } of [client, peer]) {
            Y.applyUpdate(server, lacks(server, doc));
            Y.applyUpdate(doc, lacks(doc, server));
          }
        }
        expect(shownBy(client.doc)).toEqual(shownBy(server));
        expect(shownBy(peer.doc)).toEqual(shownBy(server));
      }),
      { numRuns: runCount },
    );
  });
});

describe("who listens", () => {
  test("a binding that applies the events of root types shows the new content", { timeout: 60_000 }, () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = new Random(seed);
        const { client, accepted } = refusedEdits(seed);
        const held = bindingOf(client.doc);
        resetDocument(client.doc, accepted, origin, newClientId);
        expect(held()).toEqual(bindingOf(client.doc)());
        for (let count = 0; count < 10; count++) edit(random, client);
        expect(held()).toEqual(bindingOf(client.doc)());
      }),
      { numRuns: runCount },
    );
  });

  test("updates are emitted for the new content only, with the origin, and bring nothing else to a peer", () => {
    const doc = typed("accepted");
    const accepted = [Y.encodeStateAsUpdate(doc), Y.encodeStateAsUpdate(typed("other's", 2))];
    const peer = freshDoc(accepted);
    doc.getText("text").insert(3, "refused");
    const heard: unknown[] = [];
    const locals: boolean[] = [];
    doc.on("update", (update: Uint8Array, from: unknown) => {
      heard.push(["update", from]);
      Y.applyUpdate(peer, update);
    });
    doc.on("updateV2", (_: Uint8Array, from: unknown) => heard.push(["updateV2", from]));
    doc.on("afterTransaction", ({ local }: Y.Transaction) => locals.push(local));
    resetDocument(doc, accepted, origin, newClientId);
    expect(heard).toEqual([["update", origin], ["updateV2", origin]]); // prettier-ignore
    expect(locals).toEqual([false, false]);
    expect(stateOf(peer)).toEqual(stateOf(freshDoc(accepted)));
    doc.getText("text").insert(0, "on ");
    expect(heard).toHaveLength(4);
    expect(peer.getText("text").toString()).toBe(doc.getText("text").toString());
  });

  test("what an observer writes in answer to the deletion is forgotten, in answer to the new content is an edit", () => {
    const doc = typed("accepted");
    const accepted = [Y.encodeStateAsUpdate(doc)];
    const updates: unknown[] = [];
    let answers = 0;
    const held = bindingOf(doc);
    doc.getText("text").observe(({ target }) => {
      if (target.length === 0 && answers++ < 2) target.insert(0, "an editor is never empty");
      else if (target.toString() === "accepted") target.insert(8, "!");
    });
    doc.on("update", (_: Uint8Array, from: unknown) => updates.push(from));
    resetDocument(doc, accepted, origin, newClientId);
    expect(doc.getText("text").toString()).toBe("accepted!");
    expect(held()).toEqual(bindingOf(doc)());
    // Yjs may say the edit twice: reading an event's delta is a transaction, too.
    expect(new Set(updates)).toEqual(new Set([origin, null]));
    expect(Y.decodeStateVector(Y.encodeStateVector(doc))).toEqual(new Map([[1, 8], [newClientId, 1]])); // prettier-ignore
  });

  test("an observer that answers every deletion does not go on for ever, and leaves nothing behind", () => {
    const doc = typed("accepted");
    const accepted = [Y.encodeStateAsUpdate(doc)];
    const text = doc.getText("text");
    text.observe(() => {
      if (text.length > 0) return;
      text.insert(0, "abcdefgh");
      text.insert(6, "-");
      text.insert(3, "-");
    });
    resetDocument(doc, accepted, origin, newClientId);
    expect([text.toString(), text.length]).toEqual(["accepted", 8]);
    resetDocument(doc, [], origin, newClientId + 1);
    expect([text.toString(), text.length]).toEqual(["", 0]);
    text.insert(0, "12345678");
    text.insert(6, "!");
    expect(text.toString()).toBe("123456!78");
  });

  test("an observer that throws changes nothing but is heard of", () => {
    const doc = typed("accepted");
    const accepted = [Y.encodeStateAsUpdate(doc)];
    doc.getText("text").insert(0, "refused ");
    doc.getText("text").observe((event) => {
      if (event.target.length === 0) throw new Error("an observer's");
    });
    expect(() => resetDocument(doc, accepted, origin, newClientId)).toThrow("an observer's");
    expect(stateOf(doc)).toEqual(stateOf(freshDoc(accepted)));
  });

  test("in a transaction or an observer nothing is done", () => {
    const doc = typed("all of it");
    const reset = () => resetDocument(doc, [], origin, newClientId);
    expect(() => doc.transact(reset)).toThrow(expect.objectContaining({ code: "in-transaction" }));
    doc.getText("text").observe(reset);
    expect(() => doc.getText("text").insert(0, "and ")).toThrow(expect.objectContaining({ code: "in-transaction" }));
    expect(doc.getText("text").toString()).toBe("and all of it");
    expect(doc.clientID).toBe(1);
  });
});

describe("what else is in a document", () => {
  test("old nested types can be written to, which nobody hears", () => {
    const doc = new Y.Doc();
    const [map, list, text] = [new Y.Map<unknown>(), new Y.Array<unknown>(), new Y.Text("nested")];
    const roots = doc.getMap<unknown>("map");
    roots.set("map", map);
    map.set("list", list);
    roots.set("text", text);
    const accepted = [Y.encodeStateAsUpdate(doc)];
    text.insert(0, "refused ");
    resetDocument(doc, accepted, origin, newClientId);
    const before = Y.encodeStateAsUpdate(doc);
    text.insert(0, "late ");
    map.set("key", "late");
    list.push(["late"]);
    expect(Y.encodeStateAsUpdate(doc)).toEqual(before);
    expect(roots.toJSON()).toEqual({ map: { list: [] }, text: "nested" });
  });

  test("a root that nobody has given a type can be given one afterwards", () => {
    const doc = new Y.Doc();
    const accepted = [Y.encodeStateAsUpdate(typed("accepted"))];
    Y.applyUpdate(doc, Y.encodeStateAsUpdate(typed("refused", 2)));
    doc.get("text");
    resetDocument(doc, accepted, origin, newClientId);
    expect(doc.getText("text").toString()).toBe("accepted");
    expect(doc.getText("text").length).toBe(8);
  });

  test("what waited for edits that never came is dropped, what the updates lack is waited for", () => {
    const author = typed("first");
    const first = Y.encodeStateAsUpdate(author);
    author.getText("text").insert(5, " second");
    const second = Y.encodeStateAsUpdate(author, Y.encodeStateVectorFromUpdate(first));
    const doc = freshDoc([second]);
    expect(doc.store.pendingStructs).not.toBeNull();
    resetDocument(doc, [], origin, newClientId);
    expect(doc.store.pendingStructs).toBeNull();
    resetDocument(doc, [second], origin, newClientId);
    Y.applyUpdate(doc, first);
    expect(doc.getText("text").toString()).toBe("first second");
  });

  test("subdocuments are removed, the old ones destroyed, and those that were accepted added", () => {
    const doc = new Y.Doc();
    doc.getMap("map").set("accepted", new Y.Doc({ guid: "accepted" }));
    const accepted = [Y.encodeStateAsUpdate(doc)];
    doc.getMap("map").set("refused", new Y.Doc({ guid: "refused" }));
    const old = [...doc.subdocs];
    resetDocument(doc, accepted, origin, newClientId);
    expect([...doc.getSubdocGuids()]).toEqual(["accepted"]);
    expect(old.map(({ isDestroyed }) => isDestroyed)).toEqual([true, true]);
    const [added] = doc.subdocs;
    expect(doc.getMap("map").get("accepted")).toBe(added);
    expect(added?.isDestroyed).toBe(false);
  });
});

describe("an undo manager from before", () => {
  function undoable(text: string) {
    const doc = typed(text);
    return { doc, text: doc.getText("text"), undo: new Y.UndoManager(doc.getText("text"), { captureTimeout: 0 }) };
  }

  test("does not bring back what was refused", () => {
    const { doc, text, undo } = undoable("accepted");
    const accepted = [Y.encodeStateAsUpdate(doc)];
    text.insert(8, " refused");
    undo.undo();
    text.insert(0, "also refused ");
    text.delete(0, 5);
    resetDocument(doc, accepted, origin, newClientId);
    for (let count = 0; count < 5; count++) undo.undo();
    for (let count = 0; count < 5; count++) undo.redo();
    expect(text.toString()).toBe("accepted");
  });

  test("does not insert a second time what was not deleted after all", () => {
    const { doc, text, undo } = undoable("accepted");
    const accepted = [Y.encodeStateAsUpdate(doc)];
    text.delete(2, 4);
    text.delete(0, 1);
    resetDocument(doc, accepted, origin, newClientId);
    while (undo.canUndo()) undo.undo();
    expect(text.toString()).toBe("accepted");
  });

  test("leaves characters whole of which half was deleted", () => {
    const { doc, text, undo } = undoable("ab🙂cd");
    const accepted = [Y.encodeStateAsUpdate(doc)];
    text.delete(1, 2);
    resetDocument(doc, accepted, origin, newClientId);
    undo.undo();
    expect(text.toString()).toBe("ab🙂cd");
  });

  test("goes on with edits that were accepted, and with later ones", () => {
    const { doc, text, undo } = undoable("accepted");
    text.insert(8, " later");
    const accepted = [Y.encodeStateAsUpdate(doc)];
    text.delete(0, 4);
    resetDocument(doc, accepted, origin, newClientId);
    text.insert(0, "> ");
    text.delete(2, 3);
    undo.undo();
    expect(text.toString()).toBe("> accepted later");
    undo.undo();
    expect(text.toString()).toBe("accepted later");
    undo.undo();
    expect(text.toString()).toBe("accepted");
    undo.redo();
    expect(text.toString()).toBe("accepted later");
  });
});

describe("y-codemirror.next", () => {
  interface Plugin {
    readonly decorations?: { readonly size: number };
    update(update: unknown): void;
  }

  /** The parts of an editor that need no page. */
  function editorOf(doc: Y.Doc, awareness: Awareness) {
    const text = doc.getText("text");
    const view = {
      state: EditorState.create({
        doc: text.toString(),
        extensions: [ySyncFacet.of(new YSyncConfig(text, awareness))],
      }),
      hasFocus: true,
      dom: { ownerDocument: { hasFocus: () => true } },
      dispatch(...specs: TransactionSpec[]) {
        const transaction: Transaction = view.state.update(...specs);
        view.state = transaction.state;
        const { changes, docChanged } = transaction;
        for (const plugin of plugins) {
          plugin.update({
            view,
            state: view.state,
            transactions: [transaction],
            changes,
            docChanged,
          } as unknown as ViewUpdate);
        }
      },
    };
    const create = (plugin: ViewPlugin<never>) => (plugin as unknown as { create(view: EditorView): Plugin }).create(view as unknown as EditorView); // prettier-ignore
    const plugins = [ySync, yRemoteSelections].map((plugin) => create(plugin as ViewPlugin<never>));
    return { view, text, remote: plugins[1] as Plugin };
  }

  test("shows the new content, with cursors in what was refused, and edits both ways", () => {
    const doc = typed("accepted\nlines");
    const accepted = [Y.encodeStateAsUpdate(doc)];
    const awareness = new Awareness(doc);
    awareness.setLocalState({});
    const { view, text, remote } = editorOf(doc, awareness);
    view.dispatch({ changes: { from: 4, insert: "refused" }, selection: { anchor: 7 } });
    expect(text.toString()).toBe("accerefusedpted\nlines");
    const inRefused = Y.createRelativePositionFromTypeIndex(text, 6);
    const inAccepted = Y.createRelativePositionFromTypeIndex(text, 13);
    for (const [clientId, position] of [[5, inRefused], [6, inAccepted]] as const) {
      awareness.states.set(clientId, { cursor: { anchor: position, head: position } });
    } // prettier-ignore
    view.dispatch({});
    expect(remote.decorations?.size).toBeGreaterThan(2);
    resetDocument(doc, accepted, origin, newClientId);
    expect(view.state.doc.toString()).toBe("accepted\nlines");
    view.dispatch({ changes: { from: 0, insert: "new " }, selection: { anchor: 4 } });
    expect(text.toString()).toBe("new accepted\nlines");
    text.insert(4, "and ");
    expect(view.state.doc.toString()).toBe("new and accepted\nlines");
    awareness.destroy();
  });
});
