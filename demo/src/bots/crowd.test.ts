import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { FakeTiming, seededRandom } from "../../test-support/fake-timing.js";
import { MemoryRoom } from "../../test-support/memory-room.js";
import {
  boardSize,
  codeOf,
  pageOf,
  strokeOf,
  strokesOf,
  todoOf,
  todosOf,
  viewNames,
  type Pointer,
  type ViewName,
} from "../document.js";
import { Crowd } from "./crowd.js";

const botCount = 20;
const minuteMs = 60_000;

function invite({ seed = 1, view = "code" as ViewName, room = new MemoryRoom(), count = botCount } = {}) {
  const timing = new FakeTiming(seededRandom(seed));
  const crowd = new Crowd({ count, view, join: room.join, timing });
  return { room, timing, crowd };
}

/** A bit of everything. */
function write(doc: Y.Doc): void {
  codeOf(doc).insert(0, "const visitor = true;\n\nkeep(visitor);\n");
  const paragraph = new Y.XmlElement("paragraph");
  paragraph.insert(0, [new Y.XmlText("A visitor wrote this.")]);
  pageOf(doc).push([paragraph]);
  strokesOf(doc).push([strokeOf("#a8512a", 5, [1, 2, 0.5, 3, 4, 0.5])]);
  todosOf(doc).push([todoOf("visitors", "Look at the bots")]);
}

function contentOf(doc: Y.Doc) {
  return {
    code: codeOf(doc).toString(),
    page: pageOf(doc).toString(),
    strokes: strokesOf(doc).toJSON(),
    todos: todosOf(doc).toJSON(),
    roll: doc.getMap("bots").toJSON(),
  };
}

/** The lines of the code that a visitor did not write. */
function foreignLines(doc: Y.Doc, visitors: string): string[] {
  return codeOf(doc)
    .toString()
    .slice(visitors.length)
    .split("\n")
    .filter((line) => line !== "");
}

describe("a crowd of bots", () => {
  it("comes one by one, and leaves at once", async () => {
    const { room, timing, crowd } = invite();
    for (let present = 0; present < botCount; present = room.presence.size) {
      timing.advance(100);
      expect(room.presence.size - present).toBeLessThanOrEqual(1);
    }
    timing.advance(10_000);
    expect(room.presence.size).toBe(botCount);
    const left = crowd.leave();
    expect(room.presence.size).toBe(0);
    await left;
    expect(timing.timerCount).toBe(0);
  });

  it("is seen to be bots, each with a name of its own", () => {
    const { room, timing } = invite();
    timing.advance(10_000);
    const users = [...room.presence.values()].map(({ user }) => user as { name: string; color: string });
    expect(new Set(users.map(({ name }) => name)).size).toBe(botCount);
    expect(users.every(({ name, color }) => /^Bot [A-Z]/.test(name) && /^#[0-9a-f]{6}$/.test(color))).toBe(true);
  });

  it.each(viewNames)("never touches what a visitor wrote, does not grow, and leaves no trace: %s", async (view) => {
    const room = new MemoryRoom();
    const ada = room.visit();
    write(ada);
    const before = contentOf(ada);
    const { timing, crowd } = invite({ view, room, seed: 3 });
    timing.advance(minuteMs);
    const sizeEarly = JSON.stringify(contentOf(ada)).length;
    expect(contentOf(ada)).not.toEqual(before);
    for (let minute = 0; minute < 1; minute += 1) {
      timing.advance(minuteMs);
      const { code, page, strokes, todos } = contentOf(ada);
      expect(code.startsWith(before.code)).toBe(true);
      expect(page.startsWith(before.page)).toBe(true);
      expect(strokes.slice(0, 1)).toEqual(before.strokes);
      expect(todos.slice(0, 1)).toEqual(before.todos);
      expect(foreignLines(ada, before.code).length).toBeLessThanOrEqual(2 * botCount);
      expect(pageOf(ada).length).toBeLessThanOrEqual(1 + botCount);
      expect(strokes.length).toBeLessThanOrEqual(1 + 3 * botCount);
      expect(todos.length).toBeLessThanOrEqual(1 + 2 * botCount);
    }
    expect(JSON.stringify(contentOf(ada)).length).toBeLessThan(2 * sizeEarly);
    await crowd.leave();
    expect(contentOf(ada)).toEqual(before);
  });

  it.each(viewNames)("does 4 to 8 edits a second, and shows itself at most 10 times: %s", (view) => {
    const { room, timing } = invite({ view });
    timing.advance(10_000);
    room.editCount = room.presenceCount = 0;
    timing.advance(minuteMs);
    const seconds = 60;
    expect(room.editCount / seconds).toBeGreaterThan(4);
    expect(room.editCount / seconds).toBeLessThan(8);
    expect(room.presenceCount / seconds).toBeLessThan(10);
  });

  it("goes where the visitor looks", () => {
    const { room, timing, crowd } = invite({ view: "code" });
    timing.advance(minuteMs);
    crowd.view = "board";
    expect([...room.presence.values()].every((state) => state["view"] === "board" && !("code" in state))).toBe(true);
    const doc = room.visit();
    const code = codeOf(doc).toString();
    timing.advance(minuteMs);
    expect(codeOf(doc).toString()).toBe(code);
    expect(strokesOf(doc).length).toBeGreaterThan(10);
  });

  it("types whole lines: no two bots write into the same one", () => {
    const { room, timing } = invite({ view: "code", seed: 5 });
    timing.advance(3 * minuteMs);
    const lines = codeOf(room.visit()).toString().split("\n");
    const whole = lines.filter((line) => /^(\/\/ [a-zA-Z:, ]+|.*[;)]+;?)$/.test(line));
    // All but those that are being typed.
    expect(lines.length - whole.length).toBeLessThanOrEqual(3);
  });

  it("shows carets that the bindings find in the text, and pointers that are on the board", () => {
    const { room, timing, crowd } = invite({ view: "code" });
    const visitor = room.visit();
    write(visitor);
    const found = { code: new Set<unknown>(), text: new Set<unknown>() };
    for (const view of ["code", "text"] as const) {
      crowd.view = view;
      timing.advance(minuteMs);
      for (const state of room.presence.values()) {
        const { cursor } = state[view] as { cursor?: { anchor: unknown; head: unknown } };
        if (!cursor) continue;
        const head = Y.createRelativePositionFromJSON(cursor.head);
        found[view].add(Y.createAbsolutePositionFromRelativePosition(head, visitor)?.type.constructor);
      }
    }
    expect([...found.code, ...found.text]).toEqual([Y.Text, Y.XmlText]);
    crowd.view = "board";
    timing.advance(minuteMs);
    const pointers = [...room.presence.values()].flatMap(
      (state) => (state["board"] as { pointer?: Pointer }).pointer ?? [],
    );
    expect(pointers.length).toBeGreaterThan(5);
    expect(pointers.every(({ x, y }) => x >= 0 && y >= 0 && x <= boardSize.width && y <= boardSize.height)).toBe(true);
  });

  it("does nothing before the room's content is here, and while the server is away", () => {
    const room = new MemoryRoom();
    room.isSynced = false;
    const { timing } = invite({ room });
    timing.advance(minuteMs);
    expect(room.editCount).toBe(0);
    room.isSynced = true;
    timing.advance(minuteMs);
    expect(room.editCount).toBeGreaterThan(100);
  });

  it("waits two seconds for a server that does not save, and then goes all the same", async () => {
    const { room, timing, crowd } = invite();
    timing.advance(minuteMs);
    room.durable = () => new Promise(() => {});
    let hasLeft = false;
    const left = crowd.leave().then(() => (hasLeft = true));
    timing.advance(1_999);
    await Promise.resolve();
    expect(hasLeft).toBe(false);
    timing.advance(1);
    await left;
    expect(timing.timerCount).toBe(0);
  });

  it("tidies up after bots whose page was closed", () => {
    const room = new MemoryRoom();
    const ada = room.visit();
    write(ada);
    const before = contentOf(ada);
    const gone = invite({ room, view: "text" });
    gone.timing.advance(minuteMs);
    gone.crowd.view = "todo";
    gone.timing.advance(minuteMs);
    room.presence.clear();
    const { timing, crowd } = invite({ room, view: "board", seed: 2 });
    timing.advance(10_000);
    const { page, todos } = contentOf(ada);
    expect({ page, todos }).toEqual({ page: before.page, todos: before.todos });
    void crowd.leave();
    expect(contentOf(ada)).toEqual(before);
  });

  it("leaves alone what other bots that are here write", () => {
    const room = new MemoryRoom();
    const others = invite({ room, view: "text" });
    others.timing.advance(minuteMs);
    const page = pageOf(room.visit()).toString();
    invite({ room, view: "board", seed: 2 }).timing.advance(minuteMs);
    expect(pageOf(room.visit()).toString()).toBe(page);
  });
});

describe("a visitor among bots", () => {
  it("keeps every letter, wherever they typed, deleted, or broke a line", () => {
    const act = fc.record({
      waitMs: fc.integer({ min: 0, max: 3_000 }),
      at: fc.nat(),
      letters: fc.stringMatching(/^[A-Z]{1,4}$/).map((letters) => `<${letters}\n>`),
      view: fc.option(fc.constantFrom(...viewNames), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(act, { maxLength: 20 }), fc.nat(), (acts, seed) => {
        const room = new MemoryRoom();
        const ada = room.visit();
        const { timing, crowd } = invite({ room, seed, count: 4 });
        timing.advance(10_000);
        for (const { waitMs, at, letters, view } of acts) {
          const code = codeOf(ada);
          code.insert(at % (code.length + 1), letters);
          if (at % 3 === 0) code.delete(at % code.length, 1);
          if (view) crowd.view = view;
          timing.advance(waitMs);
        }
        const own = lettersOf(codeOf(ada), ada.clientID);
        void crowd.leave();
        expect(codeOf(ada).toString()).toBe(own);
      }),
      { numRuns: 25 },
    );
  });
});

/** Those in the text that this client wrote. */
function lettersOf(text: Y.Text, clientId: number): string {
  return [...text.toString()]
    .filter((_, index) => Y.createRelativePositionFromTypeIndex(text, index).item?.client === clientId)
    .join("");
}
