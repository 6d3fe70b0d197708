/** The demo's four views: what is done in one pane is seen in the other and by others, and people can be followed. */
import type { BrowserContextOptions, Locator } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { synced, synclineClient } from "../support/clients.js";
import { startServerProcess, type ServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { eventually, visit, type PaneOnScreen, type ViewTitle } from "./demo-page.js";

const startDemo = async (): Promise<ServerProcess> => startServerProcess(await tempDirectory(), ["--demo"]);
const linkTo = ({ url }: ServerProcess, hash: string): string => `${url.replace(/^ws/, "http")}/#${hash}`;

const pageIn = ({ root }: PaneOnScreen): Locator => root.locator(".ProseMirror");
const paperIn = ({ root }: PaneOnScreen): Locator => root.locator('[aria-roledescription="drawing board"]');
const todosIn = ({ root }: PaneOnScreen): Locator => root.getByRole("textbox", { name: "To do", exact: true });

describe.skipIf(!isBrowserAvailable())("the demo's views", () => {
  let launched: TestBrowser;
  const open = (url: string, options: BrowserContextOptions = {}) => visit(launched.browser, url, options);
  beforeAll(async () => {
    launched = await launchBrowser();
  });
  afterAll(() => launched.close());

  test("the tab that is chosen is in the address, and whoever opens it sees the same view", async () => {
    const server = await startDemo();
    const ada = await (await open(linkTo(server, "views"))).arrived();
    await ada.chooseView("Board");
    await paperIn(ada.left).waitFor();
    expect(new URL(ada.page.url()).hash).toBe("#views&board");
    await ada.page.keyboard.press("ArrowRight");
    await ada.left.root.getByRole("textbox", { name: "Add something to do" }).waitFor();
    await ada.page.keyboard.press("Home");
    await ada.left.editor.waitFor();
    await ada.page.keyboard.press("ArrowLeft");
    expect(await ada.page.getByRole("tab", { selected: true }).innerText()).toBe("To do");
    const bob = await open(ada.page.url());
    await bob.right.root.getByRole("textbox", { name: "Add something to do" }).waitFor();
    expect(ada.complaints).toEqual([]);
  });

  test("code: what is typed lands where it is seen, whatever line ends another program wrote", async () => {
    const server = await startDemo();
    const writer = synclineClient(server.url, "ends");
    await synced(writer);
    writer.text.insert(0, "a\r\nb\rc\u2028d\r\n");
    await writer.provider.whenDurable();
    const ada = await (await open(linkTo(server, "ends"))).arrived();
    await ada.left.type("end");
    await eventually(() => writer.text.toString()).toBe("a\r\nb\rc\u2028d\r\nend");
  });

  test("rich text: formatted in one pane, it is so in the other", async () => {
    const server = await startDemo();
    const ada = await open(linkTo(server, "page&text"));
    await pageIn(ada.left).click();
    await ada.page.keyboard.type("# Field notes");
    await ada.page.keyboard.press("Enter");
    await ada.page.keyboard.type("The limestone **dips** east.");
    await eventually(() => pageIn(ada.right).locator("h1").innerText()).toBe("Field notes");
    await eventually(() => pageIn(ada.right).locator("strong").innerText()).toBe("dips");
    await eventually(() => ada.right.cursorNames()).toEqual([await ada.left.ownName()]);
    await ada.left.becomes("saved");
    expect(ada.complaints).toEqual([]);
  });

  test("board: a line is drawn with the mouse in one pane and with the keyboard in the other, and both have both", async () => {
    const server = await startDemo();
    const ada = await open(linkTo(server, "board&board"));
    const paper = await paperIn(ada.left).boundingBox();
    if (!paper) throw new Error("the board is not to be seen");
    await ada.page.mouse.move(paper.x + 40, paper.y + 60);
    await ada.page.mouse.down();
    for (let x = 40; x < 160; x += 10) await ada.page.mouse.move(paper.x + x, paper.y + 60 + (x % 30));
    await ada.page.mouse.up();
    await eventually(() => paperIn(ada.right).getAttribute("aria-label")).toMatch(/1 line/);
    await paperIn(ada.right).focus();
    await ada.page.keyboard.press("Space");
    for (const key of ["ArrowRight", "ArrowRight", "ArrowDown", "ArrowDown"]) await ada.page.keyboard.press(key);
    await ada.page.keyboard.press("Space");
    for (const pane of ada.panes) await eventually(() => paperIn(pane).getAttribute("aria-label")).toMatch(/2 lines/);
    for (const pane of ada.panes) await pane.becomes("saved");
    const reader = synclineClient(server.url, "board");
    await synced(reader);
    expect(reader.doc.getArray("strokes").length).toBe(2);
    expect(ada.complaints).toEqual([]);
  });

  test("to do: what one adds and words, the other ticks", async () => {
    const server = await startDemo();
    const ada = await open(linkTo(server, "list&todo"));
    await ada.left.root.getByRole("textbox", { name: "Add something to do" }).fill("label the samples");
    await ada.page.keyboard.press("Enter");
    await eventually(() => todosIn(ada.right).inputValue()).toBe("label the samples");
    await todosIn(ada.right).focus();
    await ada.page.keyboard.press("End");
    await ada.page.keyboard.type(", all of them");
    await eventually(() => todosIn(ada.left).inputValue()).toBe("label the samples, all of them");
    await ada.left.root.getByRole("checkbox").check();
    await eventually(() => ada.right.root.getByRole("checkbox").isChecked()).toBe(true);
    await ada.left.root.getByText("1 of 1 done").waitFor();
    expect(ada.complaints).toEqual([]);
  });

  test("who is followed takes the other along into another view, and to where they write", async () => {
    const server = await startDemo();
    const ada = await (await open(linkTo(server, "walk"))).arrived();
    const bob = await (await open(linkTo(server, "walk"))).arrived();
    await ada.left.insert("line\n".repeat(200));
    await eventually(() => bob.left.root.locator(".cm-line").count()).toBeGreaterThan(5);
    const name = await ada.left.ownName();
    await bob.left.follow(name);
    await bob.left.root.getByRole("button", { name: new RegExp(`^Following ${name}`) }).waitFor();
    await ada.left.type("here she is");
    await eventually(() => bob.left.root.getByText("here she is").isVisible()).toBe(true);
    const scrolled = () => bob.left.root.locator(".cm-scroller").evaluate(({ scrollTop }) => scrollTop);
    await eventually(scrolled).toBeGreaterThan(500);
    expect(await bob.right.root.locator(".cm-scroller").evaluate(({ scrollTop }) => scrollTop)).toBe(0);

    await ada.chooseView("Rich text");
    await pageIn(bob.left).waitFor();
    await eventually(() => bob.page.getByRole("tab", { selected: true }).innerText()).toBe("Rich text");
    // Whoever chooses a tab goes there, in both panes, and after nobody.
    await bob.chooseView("Board");
    for (const pane of bob.panes) await paperIn(pane).waitFor();
    await eventually(() => bob.left.root.locator(".following").isVisible()).toBe(false);
    await eventually(() => new URL(bob.page.url()).hash).toBe("#walk&board");

    // One person at a time: two could be in two views.
    await bob.left.follow(name);
    await pageIn(bob.left).waitFor();
    await bob.right.follow(await ada.right.ownName());
    await eventually(() => bob.left.root.locator(".following").isVisible()).toBe(false);
    await bob.left.follow(name);
    // Who writes is with what they write.
    await pageIn(bob.left).click();
    await bob.page.keyboard.type("Bob stays.");
    await eventually(() => bob.left.root.locator(".following").isVisible()).toBe(false);
    await ada.chooseView("To do");
    await eventually(() => ada.page.getByRole("tab", { selected: true }).innerText()).toBe("To do");
    expect(await bob.page.getByRole("tab", { selected: true }).innerText()).toBe("Rich text");
  });

  test("a link for reading shows what others do, and takes no edits in any view", async () => {
    const server = await startDemo();
    const ada = await (await open(linkTo(server, "glass"))).arrived();
    await ada.left.type("Look, ");
    await ada.page.getByRole("button", { name: "Share…" }).click();
    await ada.page.locator(".qr svg").waitFor();
    const link = await ada.page.getByLabel("Whoever has this one looks on").inputValue();
    expect(link).toBe(`${linkTo(server, "glass")}&read-only`);
    await ada.page.keyboard.press("Escape");

    const bob = await (await open(link)).arrived();
    await bob.left.becomes("held");
    expect(await bob.left.sentence.innerText()).toBe("You may read this document, not change it.");
    await bob.left.type("I do!");
    await ada.left.type("do not touch.");
    for (const pane of [...bob.panes, ...ada.panes]) await eventually(() => pane.text()).toBe("Look, do not touch.");
    expect(await bob.left.counts()).toEqual({ inThisBrowser: 0, received: 0, durable: 0 });

    for (const view of ["Rich text", "Board", "To do"] satisfies ViewTitle[]) await bob.chooseView(view);
    await eventually(() => bob.left.root.getByRole("textbox").first().isDisabled()).toBe(true);
    expect(await bob.page.getByRole("button", { name: "bots" }).isVisible()).toBe(false);
    expect(bob.complaints).toEqual([]);
  });
});
