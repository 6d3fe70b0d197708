import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as Y from "yjs";
import { codeOf, pageOf, strokeOf, strokesOf, todoOf, todosOf } from "../document.js";
import { MemoryRoom } from "../../test-support/memory-room.js";
import { takeBack } from "./take-back.js";

function makeRoom() {
  const room = new MemoryRoom();
  const [ada, bot] = [room.visit(), room.visit()];
  const all = { clientId: bot.clientID, fromClock: 0, toClock: Infinity };
  return { ada, bot, all };
}

describe("taking back what a client wrote", () => {
  it("leaves what others wrote in the middle of it", () => {
    const { ada, bot, all } = makeRoom();
    codeOf(ada).insert(0, "Ada");
    codeOf(bot).insert(3, "\nbeep boop");
    codeOf(ada).insert(8, " [Ada here]");
    takeBack(codeOf(bot), all);
    expect(codeOf(ada).toString()).toBe("Ada [Ada here]");
  });

  it("takes only what the client wrote from one clock up to another", () => {
    const { bot } = makeRoom();
    codeOf(bot).insert(0, "one two three");
    takeBack(codeOf(bot), { clientId: bot.clientID, fromClock: 3, toClock: 7 });
    expect(codeOf(bot).toString()).toBe("one three");
  });

  it("removes a paragraph, unless somebody went on in it", () => {
    const { ada, bot, all } = makeRoom();
    for (const text of ["first", "second"]) {
      const paragraph = new Y.XmlElement("paragraph");
      paragraph.insert(0, [new Y.XmlText(text)]);
      pageOf(bot).push([paragraph]);
    }
    const second = pageOf(ada).get(1) as Y.XmlElement;
    (second.get(0) as Y.XmlText).insert(6, ", says Ada");
    takeBack(pageOf(bot), all);
    expect(pageOf(ada).toString()).toBe("<paragraph>, says Ada</paragraph>");
  });

  it("removes what it wrote into somebody's paragraph, and leaves the paragraph", () => {
    const { ada, bot, all } = makeRoom();
    const paragraph = new Y.XmlElement("paragraph");
    paragraph.insert(0, [new Y.XmlText("Ada")]);
    pageOf(ada).push([paragraph]);
    ((pageOf(bot).get(0) as Y.XmlElement).get(0) as Y.XmlText).insert(1, "beep");
    takeBack(pageOf(bot), all);
    expect(pageOf(ada).toString()).toBe("<paragraph>Ada</paragraph>");
  });

  it("removes a stroke, and a thing to do that somebody only ticked", () => {
    const { ada, bot, all } = makeRoom();
    strokesOf(bot).push([strokeOf("#123456", 4, [1, 2, 0.5])]);
    todosOf(bot).push([todoOf("1", "beep")]);
    todosOf(ada).get(0).set("done", true);
    takeBack(strokesOf(bot), all);
    takeBack(todosOf(bot), all);
    expect([strokesOf(ada).length, todosOf(ada).length]).toEqual([0, 0]);
  });

  it("leaves a thing to do that somebody reworded, with their words", () => {
    const { ada, bot, all } = makeRoom();
    todosOf(bot).push([todoOf("1", "beep")]);
    (todosOf(ada).get(0).get("text") as Y.Text).insert(4, " and tea");
    takeBack(todosOf(bot), all);
    expect(todosOf(ada).toJSON()).toEqual([{ id: "1", text: " and tea", done: false }]);
  });

  it("leaves exactly the letters of the others, whatever the order in which all of them wrote and deleted", () => {
    const edit = fc.record({
      isBot: fc.boolean(),
      at: fc.nat(),
      letters: fc.stringMatching(/^[a-z\n]{0,6}$/),
      deleted: fc.integer({ min: 0, max: 4 }),
    });
    fc.assert(
      fc.property(fc.array(edit, { maxLength: 40 }), (edits) => {
        const { ada, bot, all } = makeRoom();
        for (const { isBot, at, letters, deleted } of edits) {
          const text = codeOf(isBot ? bot : ada);
          // Ada writes in capitals: so it can be seen who wrote what.
          text.insert(at % (text.length + 1), isBot ? letters.replaceAll("\n", "-") : letters.toUpperCase());
          if (deleted < text.length) text.delete(at % (text.length - deleted), deleted);
        }
        const adasLetters = codeOf(ada)
          .toString()
          .replaceAll(/[a-z-]/g, "");
        takeBack(codeOf(bot), all);
        expect(codeOf(ada).toString()).toBe(adasLetters);
      }),
    );
  });
});
