/** What a textarea's binding must not get wrong: whose selection it is, whose undo, half an emoji, and an input method's work. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as Y from "yjs";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { synced, synclineClient, type SynclineClient } from "../support/clients.js";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { exampleCases, type ExampleCase } from "./example-cases.js";
import { ExamplePerson, eventually } from "./example-person.js";
import { ExampleSite } from "./example-site.js";

const room = "notes";

function textareaExample(): ExampleCase {
  const example = exampleCases.find(({ folder, page }) => folder === "textarea" && page === "index.html");
  if (!example) throw new Error("the textarea's page is not in the table");
  return example;
}

/** Ada at the page, and Bob, a program without a page. */
interface Session {
  readonly ada: ExamplePerson;
  readonly bob: SynclineClient;
}

describe.skipIf(!isBrowserAvailable())("the textarea's binding", () => {
  let site: ExampleSite;
  let launched: TestBrowser;
  beforeAll(async () => {
    [site, launched] = await Promise.all([ExampleSite.start(), launchBrowser()]);
  });
  afterAll(async () => {
    await Promise.all([site.close(), launched.close()]);
  });

  async function sessionWith(content: string): Promise<Session> {
    const server = await startServerProcess(await tempDirectory());
    const bob = synclineClient(server.url, room);
    await synced(bob);
    bob.text.insert(0, content);
    const url = await site.urlOf("textarea", "index.html");
    const ada = await ExamplePerson.arrive(textareaExample(), {
      browser: launched.browser,
      url,
      server: server.url,
      room,
      name: "Ada",
      color: "#a8512a",
    });
    await eventually(() => ada.read()).toBe(content);
    await ada.page.locator("textarea").focus();
    return { ada, bob };
  }

  const select = (page: Page, start: number, end = start, direction: "forward" | "backward" = "forward") =>
    page
      .locator("textarea")
      .evaluate((element: HTMLTextAreaElement, [from, to, way]) => element.setSelectionRange(from, to, way), [
        start,
        end,
        direction,
      ] as const);

  const selection = (page: Page) =>
    page
      .locator("textarea")
      .evaluate(({ selectionStart, selectionEnd, selectionDirection }: HTMLTextAreaElement) => [
        selectionStart,
        selectionEnd,
        selectionDirection,
      ]);

  async function agree({ ada, bob }: Session, text: string): Promise<void> {
    await eventually(() => bob.text.toString()).toBe(text);
    await eventually(() => ada.read()).toBe(text);
  }

  test("a selection stays around the same letters while others write before, in and after it", async () => {
    const session = await sessionWith("one two three");
    const { ada, bob } = session;
    await select(ada.page, 4, 7, "backward");
    bob.text.insert(13, " four");
    bob.text.insert(0, "zero ");
    bob.text.delete(9, 1);
    await agree(session, "zero one wo three four");
    expect(await selection(ada.page)).toEqual([9, 11, "backward"]);
    bob.text.insert(9, "t");
    await agree(session, "zero one two three four");
    await ada.page.keyboard.press("ArrowRight");
    await ada.page.keyboard.type("!");
    await agree(session, "zero one two! three four");
  });

  test("among equal letters it is the one at the caret that was typed", async () => {
    const session = await sessionWith("aaaa");
    const { ada, bob } = session;
    const second = Y.createRelativePositionFromTypeIndex(bob.text, 1);
    const secondIsAt = () => Y.createAbsolutePositionFromRelativePosition(second, bob.doc)?.index;
    await select(ada.page, 1);
    await ada.page.keyboard.type("a");
    await agree(session, "aaaaa");
    expect(secondIsAt()).toBe(2);
    await select(ada.page, 5);
    await ada.page.keyboard.type("a");
    await agree(session, "aaaaaa");
    expect(secondIsAt()).toBe(2);
    await ada.page.keyboard.press("Backspace");
    await agree(session, "aaaaa");
    expect(secondIsAt()).toBe(2);
    await select(ada.page, 0);
    await ada.page.keyboard.press("Delete");
    await agree(session, "aaaa");
    expect(secondIsAt()).toBe(1);
  });

  test("undo and redo, by keys, are about what this person typed only", async () => {
    const session = await sessionWith("");
    const { ada, bob } = session;
    await ada.page.keyboard.type("mine");
    await agree(session, "mine");
    bob.text.insert(0, "theirs ");
    await agree(session, "theirs mine");
    await ada.page.keyboard.press("Control+z");
    await agree(session, "theirs ");
    await ada.page.keyboard.press("Control+Shift+z");
    await agree(session, "theirs mine");
    expect(await selection(ada.page)).toEqual([11, 11, "forward"]);
    await ada.page.keyboard.press("Control+z");
    await ada.page.keyboard.press("Control+y");
    await agree(session, "theirs mine");
  });

  test("emoji that share half of their code are exchanged as a whole", async () => {
    // The first two share their first half, the last one and "😀" the second.
    const session = await sessionWith("😀😁 \u{1fa00}");
    const { ada } = session;
    await select(ada.page, 2, 4);
    await ada.page.keyboard.insertText("😂");
    await agree(session, "😀😂 \u{1fa00}");
    // As a spelling correction does it: the caret stays where it was.
    await ada.page.locator("textarea").evaluate((element: HTMLTextAreaElement) => {
      element.setSelectionRange(0, 0);
      element.setRangeText("😀", 5, 7, "preserve");
      element.dispatchEvent(new InputEvent("input"));
    });
    await agree(session, "😀😂 😀");
  });

  test("what others write while an input method composes waits for it, and all of it stays", async () => {
    const session = await sessionWith("start end");
    const { ada, bob } = session;
    const keyboard = await ada.page.context().newCDPSession(ada.page);
    const compose = (text: string) =>
      keyboard.send("Input.imeSetComposition", { text, selectionStart: text.length, selectionEnd: text.length });
    await select(ada.page, 6);
    await compose("か");
    await compose("かん");
    bob.text.insert(9, " after");
    bob.text.insert(0, "before ");
    bob.provider.awareness.setLocalStateField("user", { name: "Bob", color: "#3f6fc4" });
    const end = Y.createRelativePositionFromTypeIndex(bob.text, bob.text.length);
    bob.provider.awareness.setLocalStateField("cursor", { anchor: end, head: end });
    await ada.seesPeople("Bob");
    expect(await ada.read()).toBe("start かんend");
    await compose("かんじ");
    await keyboard.send("Input.insertText", { text: "漢字" });
    await agree(session, "before start 漢字end after");
    expect(await selection(ada.page)).toEqual([15, 15, "forward"]);
  });

  test("a word that is composed anew keeps what others put in its midst", async () => {
    const session = await sessionWith("a colour b");
    const { ada, bob } = session;
    // As phones do it: the keyboard takes up a word that is there.
    await ada.page.locator("textarea").dispatchEvent("compositionstart");
    bob.text.insert(5, "|");
    bob.text.delete(0, 2);
    bob.text.insert(0, "An ");
    bob.provider.awareness.setLocalStateField("cursor", { head: Y.createRelativePositionFromTypeIndex(bob.text, 0) });
    await ada.seesPeople("Somebody");
    await ada.page.locator("textarea").evaluate((element: HTMLTextAreaElement) => {
      element.setRangeText("PAINT", 2, 8, "end");
      element.dispatchEvent(new CompositionEvent("compositionend"));
    });
    await eventually(() => bob.text.toString()).toSatisfy((text: string) => text.includes("PAINT"));
    expect([...bob.text.toString()].sort()).toEqual([..."An PAINT| b"].sort());
    await agree(session, bob.text.toString());
  });
});
