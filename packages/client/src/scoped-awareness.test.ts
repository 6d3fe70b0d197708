import fc from "fast-check";
import { equalityDeep } from "lib0/function";
import { afterEach, describe, expect, test } from "vitest";
import { applyAwarenessUpdate, Awareness, encodeAwarenessUpdate } from "y-protocols/awareness";
import * as Y from "yjs";
import { scopedAwareness } from "./scoped-awareness.js";

const position = { type: null, tname: null, item: { client: 7, clock: 0 }, assoc: 0 };
const caret = { anchor: position, head: position };

interface Change {
  readonly added: number[];
  readonly updated: number[];
  readonly removed: number[];
}

const made: Awareness[] = [];
afterEach(() => made.splice(0).forEach((awareness) => awareness.destroy()));

function newAwareness(clientId: number): Awareness {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  const awareness = new Awareness(doc);
  made.push(awareness);
  return awareness;
}

/** Two people who see each other at once, as over the wire. */
function twoPeople(): [ada: Awareness, ben: Awareness] {
  const [ada, ben] = [newAwareness(1), newAwareness(2)];
  for (const [from, to] of [
    [ada, ben],
    [ben, ada],
  ] as const) {
    from.on("update", ({ added, updated, removed }: Change) => {
      const clientIds = [...added, ...updated, ...removed].filter((clientId) => clientId === from.clientID);
      if (clientIds.length > 0) applyAwarenessUpdate(to, encodeAwarenessUpdate(from, clientIds), "wire");
    });
  }
  return [ada, ben];
}

function changesOf(awareness: Awareness, name = "change"): [Change, unknown][] {
  const changes: [Change, unknown][] = [];
  awareness.on(name, (change: Change, origin: unknown) => void changes.push([change, origin]));
  return changes;
}

describe("a scope of an awareness", () => {
  test("keeps the fields of each editor apart, and shows the user in all of them", () => {
    const [ada, ben] = twoPeople();
    ada.setLocalStateField("user", { name: "Ada" });
    const [code, notes] = [scopedAwareness(ada, "code"), scopedAwareness(ada, "notes")];
    code.setLocalStateField("place", { anchor: 1 });
    notes.setLocalStateField("place", { anchor: 7 });
    expect(ada.getLocalState()).toEqual({
      user: { name: "Ada" },
      code: { place: { anchor: 1 } },
      notes: { place: { anchor: 7 } },
    });
    const seen = scopedAwareness(ben, "code");
    expect(seen.getStates().get(1)).toEqual({ user: { name: "Ada" }, place: { anchor: 1 } });
    expect(scopedAwareness(ben, "notes").states.get(1)).toEqual({ user: { name: "Ada" }, place: { anchor: 7 } });
  });

  test("an editor that sets its whole state takes neither the user nor another editor's place away", () => {
    const ada = newAwareness(1);
    ada.setLocalState({ user: { name: "Ada" }, code: { place: 3 } });
    const text = scopedAwareness(ada, "text");
    text.setLocalState({ name: "Ada", anchorPos: null });
    text.setLocalState({ ...text.getLocalState(), anchorPos: 4 });
    expect(ada.getLocalState()).toEqual({
      user: { name: "Ada" },
      code: { place: 3 },
      text: { name: "Ada", anchorPos: 4 },
    });
  });

  test("starts with a state, so that bindings begin to write", () => {
    const ada = newAwareness(1);
    expect(scopedAwareness(ada, "code").getLocalState()).toEqual({});
    expect(ada.getLocalState()).toEqual({ code: {} });
  });

  test("has no state while the client has none, and one as soon as it has", () => {
    const ada = newAwareness(1);
    const code = scopedAwareness(ada, "code");
    const changes = changesOf(code);
    ada.setLocalState(null);
    expect([code.getLocalState(), code.getStates().size]).toEqual([null, 0]);
    code.setLocalStateField("place", 1);
    expect(ada.getLocalState()).toBeNull();
    ada.setLocalState({ user: "Ada" });
    expect(code.getLocalState()).toEqual({ user: "Ada" });
    expect(changes.map(([change]) => change)).toEqual([
      { added: [], updated: [], removed: [1] },
      { added: [1], updated: [], removed: [] },
    ]);
  });

  test("goes on where the application replaces the whole state", () => {
    const ada = newAwareness(1);
    const code = scopedAwareness(ada, "code");
    ada.setLocalState({ user: "Ada" });
    code.setLocalStateField("place", 1);
    expect(ada.getLocalState()).toEqual({ user: "Ada", code: { place: 1 } });
  });

  test("a user that is set in the scope is that of the scope", () => {
    const ada = newAwareness(1);
    ada.setLocalStateField("user", "Ada");
    const code = scopedAwareness(ada, "code");
    code.setLocalStateField("user", "Ada the coder");
    expect(code.getLocalState()).toEqual({ user: "Ada the coder" });
    expect(ada.getLocalState()).toEqual({ user: "Ada", code: { user: "Ada the coder" } });
  });

  test("tells who came, changed and left in it, with the origin, and of nothing else", () => {
    const [ada, ben] = twoPeople();
    const seen = scopedAwareness(ben, "code");
    const [changes, updates] = [changesOf(seen), changesOf(seen, "update")];
    ada.setLocalState({ notes: { place: 1 } });
    ada.setLocalState({ notes: { place: 2 }, code: { place: 1 } });
    ada.setLocalState({ notes: { place: 3 }, code: { place: 1 } });
    ada.setLocalState(ada.getLocalState());
    ada.setLocalState({ code: { place: 2 } });
    ada.setLocalState({ code: { place: 2 }, user: { name: "Ada" } });
    ada.setLocalState({ user: { name: "Ada" } });
    expect(changes).toEqual([
      [{ added: [1], updated: [], removed: [] }, "wire"],
      [{ added: [], updated: [1], removed: [] }, "wire"],
      [{ added: [], updated: [1], removed: [] }, "wire"],
      [{ added: [], updated: [], removed: [1] }, "wire"],
    ]);
    expect(updates).toEqual(changes);
  });

  test("shows what is new to who listens to the real one", () => {
    const ada = newAwareness(1);
    const code = scopedAwareness(ada, "code");
    let seen: unknown;
    ada.on("change", () => (seen = code.getLocalState()));
    code.setLocalStateField("place", 1);
    expect(seen).toEqual({ place: 1 });
  });

  test("follows the client to another id", () => {
    const ada = newAwareness(1);
    const code = scopedAwareness(ada, "code");
    code.setLocalStateField("place", 1);
    const changes = changesOf(code);
    const state = ada.getLocalState();
    ada.setLocalState(null);
    ada.clientID = 9;
    ada.setLocalState(state);
    expect([code.clientID, [...code.getStates()]]).toEqual([9, [[9, { place: 1 }]]]);
    expect(changes.map(([change]) => change)).toEqual([
      { added: [], updated: [], removed: [1] },
      { added: [9], updated: [], removed: [] },
    ]);
  });

  test("is left by `null`, and by its end, without a trace in the rest of the state", () => {
    const [ada, ben] = twoPeople();
    ada.setLocalStateField("user", { name: "Ada" });
    const [code, seen] = [scopedAwareness(ada, "code"), scopedAwareness(ben, "code")];
    code.setLocalState(null);
    expect([ada.getLocalState(), code.getLocalState(), seen.getStates().has(1)]).toEqual([
      { user: { name: "Ada" } },
      null,
      false,
    ]);
    code.setLocalStateField("place", 1);
    expect(code.getLocalState()).toBeNull();
    code.setLocalState({ place: 1 });
    expect(seen.getStates().get(1)).toEqual({ user: { name: "Ada" }, place: 1 });
    const changes = changesOf(code);
    code.destroy();
    code.destroy();
    code.setLocalState({ place: 2 });
    code.setLocalStateField("place", 2);
    expect(ada.getLocalState()).toEqual({ user: { name: "Ada" } });
    ada.setLocalState({ code: { place: 3 } });
    expect(changes.map(([change]) => change)).toEqual([{ added: [], updated: [], removed: [1] }]);
  });

  test("checks what others say before an editor reads it, and leaves what this client says alone", () => {
    const [ada, ben] = twoPeople();
    const seen = scopedAwareness(ben, "code");
    const junk = { cursor: { anchor: {}, head: {} }, place: 1 };
    scopedAwareness(ada, "code").setLocalState({ ...junk, user: { color: "red; position: fixed" } });
    expect(seen.getStates().get(1)).toEqual({ user: { color: "#777777" }, cursor: null, place: 1 });
    expect(ada.getStates().get(1)?.["code"]).toEqual({ ...junk, user: { color: "red; position: fixed" } });
    seen.setLocalState(junk);
    expect(seen.getLocalState()).toEqual(junk);
  });

  test("tells nobody of junk that became other junk: there is nothing new to see", () => {
    const [ada, ben] = twoPeople();
    ada.setLocalState({ code: { cursor: {} } });
    const seen = scopedAwareness(ben, "code");
    const [changes, shown] = [changesOf(seen), seen.getStates().get(1)];
    ada.setLocalState({ code: { cursor: 5 } });
    ada.setLocalState({ code: { cursor: { anchor: {}, head: {} } } });
    expect(changes).toEqual([]);
    expect(seen.getStates().get(1)).toBe(shown);
    ada.setLocalState({ code: { cursor: caret } });
    expect(changes.map(([change]) => change)).toEqual([{ added: [], updated: [1], removed: [] }]);
    expect(seen.getStates().get(1)).toEqual({ cursor: caret });
  });

  test("shows a cursor that names what the document does not have yet as soon as it does, and it is said again", () => {
    const [ada, ben] = twoPeople();
    const seen = scopedAwareness(ben, "code");
    const end = { type: null, tname: "later", item: null, assoc: 0 };
    ada.setLocalState({ code: { cursor: { anchor: end, head: end } } });
    expect(seen.getStates().get(1)).toEqual({ cursor: null });
    ben.doc.getText("later");
    ada.setLocalState(ada.getLocalState());
    expect(seen.getStates().get(1)).toEqual({ cursor: { anchor: end, head: end } });
  });

  test("cannot be the user, which all scopes read", () => {
    expect(() => scopedAwareness(newAwareness(1), "user")).toThrow('A scope cannot be called "user"');
  });

  test.each(["constructor", "__proto__", "toString"])(
    "is empty under the name %s for who wrote nothing there",
    (key) => {
      const [ada, ben] = twoPeople();
      ada.setLocalState({ user: { name: "Ada" } });
      const seen = scopedAwareness(ben, key);
      expect(Array.from(seen.getStates().keys())).toEqual([2]);
      scopedAwareness(ada, key).setLocalStateField("place", 1);
      expect(seen.getStates().get(1)).toEqual({ user: { name: "Ada" }, place: 1 });
      expect(({} as { place?: unknown }).place).toBeUndefined();
    },
  );
});

/** What a state shows in a scope, said once more, in plain words. */
function expectedIn(whole: unknown, key: string, isHere: boolean, isOwn: boolean): unknown {
  const isObject = (value: unknown) => Object.prototype.toString.call(value) === "[object Object]";
  if (!isObject(whole)) return undefined;
  const fields = whole as Record<string, unknown>;
  const part = isObject(fields[key]) ? (fields[key] as object) : isHere ? {} : undefined;
  const shown: Record<string, unknown> | undefined = part && {
    ...("user" in fields && { user: fields["user"] }),
    ...part,
  };
  if (!shown || isOwn) return shown;
  if (!isObject(shown["user"])) delete shown["user"];
  if ("cursor" in shown && !equalityDeep(shown["cursor"], caret)) shown["cursor"] = null;
  return shown;
}

const keys = ["code", "notes"] as const;
const garbage = fc.oneof(
  fc.jsonValue({ maxDepth: 2 }),
  ...[{ cursor: 1 }, {}, caret, { cursor: caret }].map(fc.constant),
);
const state = fc.dictionary(fc.constantFrom("user", "cursor", "code", "notes"), garbage, { maxKeys: 3 });
const step = fc.record({
  who: fc.constantFrom(0, 1),
  where: fc.constantFrom("whole", ...keys),
  write: fc.oneof(
    fc.record({ field: fc.constantFrom("user", "cursor", "code", "notes"), value: garbage }),
    fc.record({ state: fc.option(state) }),
  ),
});

test("whatever two people write, of whatever type, a scope and its events say what the key holds", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const people = twoPeople();
      const scopes = people.flatMap((awareness, who) =>
        keys.map((key) => ({ awareness, who, key, isHere: true, scope: scopedAwareness(awareness, key) })),
      );
      const told = scopes.map(({ scope }) => {
        const mirror = new Map<number, unknown>(scope.getStates());
        scope.on("change", ({ added, updated, removed }: Change) => {
          for (const id of added) expect(mirror.has(id)).toBe(false);
          for (const id of [...updated, ...removed]) expect(mirror.has(id)).toBe(true);
          for (const id of updated) expect(equalityDeep(mirror.get(id), scope.getStates().get(id))).toBe(false);
          for (const id of removed) mirror.delete(id);
          for (const id of [...added, ...updated]) mirror.set(id, scope.getStates().get(id));
        });
        return mirror;
      });
      for (const { who, where, write } of steps) {
        const before = people[who]?.getLocalState() ?? {};
        const scoped = scopes.find((each) => each.who === who && each.key === where);
        const target = scoped?.scope ?? people[who];
        if ("field" in write) target?.setLocalStateField(write.field, write.value);
        else target?.setLocalState(write.state);
        if (scoped && "state" in write) scoped.isHere = write.state !== null;
        if (scoped) expect({ ...people[who]?.getLocalState(), [where]: 0 }).toEqual({ ...before, [where]: 0 });
        scopes.forEach(({ awareness, key, isHere, scope }, index) => {
          const shown = Array.from(awareness.getStates(), ([clientId, whole]) => {
            const isOwn = clientId === awareness.clientID;
            return [clientId, expectedIn(whole, key, isHere && isOwn, isOwn)] as const;
          }).filter(([, value]) => value !== undefined);
          expect(new Map(scope.getStates())).toEqual(new Map(shown));
          // The same objects, too: what no event told of was not replaced.
          for (const [clientId, value] of scope.getStates()) expect(told[index]?.get(clientId)).toBe(value);
          expect(told[index]?.size).toBe(scope.getStates().size);
        });
      }
      people.forEach((awareness) => awareness.destroy());
    }),
    { numRuns: 300 },
  );
});
