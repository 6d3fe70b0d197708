/** The demo page as a visitor uses it: real keys, real clicks, and what can be read on the screen. */
import { fileURLToPath } from "node:url";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";

/** Asks again until it is as expected. */
export const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 30_000 });

export interface Counts {
  readonly inThisBrowser: number;
  readonly received: number;
  readonly durable: number;
}

export type ViewTitle = "Code" | "Rich text" | "Board" | "To do";

/** Opens the page in a browser of its own: no storage, no connection is shared with others. */
export async function visit(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
  prepare: (page: Page) => Promise<void> = async () => {},
): Promise<Visitor> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  onTestFinished(() => context.close());
  const page = await context.newPage();
  const visitor = new Visitor(page);
  await prepare(page);
  await page.goto(url);
  return visitor;
}

export class Visitor {
  readonly page: Page;
  readonly left: PaneOnScreen;
  readonly right: PaneOnScreen;
  /** Everything the browser complained about. */
  readonly complaints: string[] = [];

  constructor(page: Page) {
    this.page = page;
    this.left = new PaneOnScreen(page.locator(".pane").nth(0));
    this.right = new PaneOnScreen(page.locator(".pane").nth(1));
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
    page.on("requestfailed", (request) => this.complaints.push(`failed: ${request.url()}`));
    page.on("response", (response) => {
      if (response.status() >= 400) this.complaints.push(`${response.status()}: ${response.url()}`);
    });
  }

  get panes(): readonly PaneOnScreen[] {
    return [this.left, this.right];
  }

  /** By clicking its tab. */
  async chooseView(name: ViewTitle): Promise<void> {
    await this.page.getByRole("tab", { name }).click();
  }

  /** Resolves when both panes show the document. */
  async arrived(): Promise<this> {
    await Promise.all(this.panes.map((pane) => pane.editor.waitFor()));
    return this;
  }

  async takePicture(name: string): Promise<void> {
    const path = fileURLToPath(new URL(`../screenshots/${name}.png`, import.meta.url));
    await this.page.screenshot({ path, animations: "disabled" });
  }
}

export class PaneOnScreen {
  readonly root: Locator;
  readonly editor: Locator;
  readonly offlineSwitch: Locator;
  readonly sentence: Locator;

  constructor(root: Locator) {
    this.root = root;
    this.editor = root.locator(".cm-content");
    this.offlineSwitch = root.getByRole("switch");
    this.sentence = root.locator('[data-part="sentence"]');
  }

  /** Puts text at the end in one go, as pasting does. */
  async insert(text: string): Promise<void> {
    await this.type("");
    await this.root.page().keyboard.insertText(text);
  }

  /** Types at the end of the text, key by key. */
  async type(text: string, delayMs = 0): Promise<void> {
    await this.editor.click();
    await this.root.page().keyboard.press("Control+End");
    await this.root.page().keyboard.type(text, { delay: delayMs });
  }

  /** The document, without the name tags of other people's cursors. */
  async text(): Promise<string> {
    return this.editor.evaluate((content) => {
      const copy = content.cloneNode(true) as Element;
      for (const decoration of copy.querySelectorAll(".caret, .cm-placeholder")) decoration.remove();
      return [...copy.querySelectorAll(".cm-line")].map((line) => line.textContent).join("\n");
    });
  }

  /** Follows whoever has this name, or stops. */
  async follow(name: string): Promise<void> {
    await this.root.locator(".people").getByRole("button", { name }).click();
  }

  async ownName(): Promise<string> {
    return this.root.locator(".who .name").innerText();
  }

  /** Of everybody else it shows as present. */
  async otherNames(): Promise<string[]> {
    return this.root.locator(".people .name").allTextContents();
  }

  /** On the tags of other people's cursors. */
  async cursorNames(): Promise<string[]> {
    return this.root.locator(".caret-name").allInnerTexts();
  }

  async counts(): Promise<Counts> {
    const count = async (stage: keyof Counts) =>
      Number((await this.root.locator(`[data-stage="${stage}"] b`).innerText()).replaceAll(",", ""));
    return {
      inThisBrowser: await count("inThisBrowser"),
      received: await count("received"),
      durable: await count("durable"),
    };
  }

  async tone(): Promise<string | null> {
    return this.root.getAttribute("data-tone");
  }

  async becomes(tone: string): Promise<void> {
    await eventually(() => this.tone()).toBe(tone);
  }
}

/** Resolves when all of them show `text`. */
export async function allShow(panes: readonly PaneOnScreen[], text: string): Promise<void> {
  for (const pane of panes) await eventually(() => pane.text()).toBe(text);
}

/** Resolves when all of them show the same text, with these pieces in it; returns the text. */
export async function allAgree(panes: readonly PaneOnScreen[], pieces: readonly string[]): Promise<string> {
  const distinctTexts = async () => [...new Set(await Promise.all(panes.map((pane) => pane.text())))];
  const isAgreed = ([text, ...others]: readonly string[]) =>
    text !== undefined && others.length === 0 && pieces.every((piece) => text.includes(piece));
  await eventually(distinctTexts).toSatisfy(isAgreed);
  return (await panes[0]?.text()) ?? "";
}
