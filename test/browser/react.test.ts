/** @syncline/client/react in a real browser, with the real server. */
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { renderToString } from "react-dom/server";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { Random } from "../fixtures/random.js";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { serveBuiltPage, type BuiltPage } from "../support/built-page.js";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { application, newWatch } from "./react-app.js";
import type { PageProps } from "./react-page.js";

const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 20_000, interval: 20 });

/** A page in which the application can be mounted. */
class ReactPage {
  readonly page: Page;
  readonly #serverUrl: string;

  constructor(page: Page, serverUrl: string) {
    this.page = page;
    this.#serverUrl = serverUrl;
  }

  async render(props: PageProps): Promise<void> {
    await this.page.evaluate(([url, given]) => window.reactPage.render(url, given), [this.#serverUrl, props] as const);
  }

  async hydrate(props: PageProps): Promise<void> {
    await this.page.evaluate(([url, given]) => window.reactPage.hydrate(url, given), [this.#serverUrl, props] as const);
  }

  async unmount(): Promise<void> {
    await this.page.evaluate(() => window.reactPage.unmount());
  }

  async type(name: string, content: string): Promise<void> {
    await this.page.evaluate(([to, typed]) => window.reactPage.type(to, typed), [name, content] as const);
  }

  /** Another name for the same component. */
  async rename(from: string, to: string): Promise<void> {
    await this.render({ names: [to] });
    expect(await this.shown(from, "content")).toBeUndefined();
  }

  /** What a part of a note shows; `undefined` when the note is not there. */
  async shown(name: string, part: string): Promise<string | undefined> {
    const shown = await this.page.evaluate(
      (query) => document.querySelector(query)?.textContent,
      `#note-${name} .${part}`,
    );
    return shown ?? undefined;
  }

  async synced(name: string): Promise<void> {
    await eventually(() => this.shown(name, "status")).toBe("connected true");
  }

  async saved(name: string): Promise<void> {
    await this.page.evaluate((of) => window.reactPage.watch.providers[of]?.whenDurable(), name);
  }

  /** Sockets that are open, and timers of presence that run. */
  left(): Promise<readonly [number, number]> {
    return this.page.evaluate(() => [window.reactPage.openSockets(), window.reactPage.intervals.size] as const);
  }

  openedSockets(): Promise<number> {
    return this.page.evaluate(() => window.reactPage.openedSockets());
  }

  renders(): Promise<Record<string, number>> {
    return this.page.evaluate(() => ({ ...window.reactPage.watch.renders }));
  }

  complaints(): Promise<string[]> {
    return this.page.evaluate(() => window.reactPage.complaints);
  }
}

describe.skipIf(!isBrowserAvailable())("the React components", () => {
  let site: BuiltPage;
  let launched: TestBrowser;
  beforeAll(async () => {
    [site, launched] = await Promise.all([
      serveBuiltPage({ path: fileURLToPath(new URL("react-page.ts", import.meta.url)), isForDevelopment: true }),
      launchBrowser(),
    ]);
  });
  afterAll(async () => {
    site.close();
    await launched.close();
  });

  async function startServer(): Promise<string> {
    const server = await startServerProcess(await tempDirectory());
    return server.url;
  }

  /** Fails the test when React, or anything else, complains. Pages share nothing but the server. */
  async function newPage(serverUrl: string, rendered = ""): Promise<ReactPage> {
    const context = await launched.browser.newContext();
    onTestFinished(() => context.close());
    const page = await context.newPage();
    site.rendered = rendered;
    await page.goto(site.url);
    const reactPage = new ReactPage(page, serverUrl);
    onTestFinished(async () => expect(await reactPage.complaints()).toEqual([]));
    return reactPage;
  }

  test("mounted in StrictMode it has one socket; unmounted, none, and no timer", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a"], isStrict: true });
    await page.synced("a");
    expect([await page.left(), await page.openedSockets()]).toEqual([[1, 1], 1]);
    await page.unmount();
    await eventually(() => page.left()).toEqual([0, 0]);
    expect(await page.openedSockets()).toBe(1);
  });

  test("gives the effects of children one live provider, in StrictMode, too", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a"], isStrict: true });
    await page.synced("a");
    const first = await page.page.evaluate(() => {
      const { first, providers } = window.reactPage.watch;
      return first.map(({ provider, hasPresence }) => [provider === providers["a"], hasPresence]);
    });
    // Twice: React is the one for development, which tries each effect.
    expect(first).toEqual(Array(2).fill([true, true]));
  });

  test("what is typed in one page is shown in the other, and so are people", async () => {
    const url = await startServer();
    const [ada, ben] = [await newPage(url), await newPage(url)];
    for (const page of [ada, ben]) {
      await page.render({ names: ["a"] });
      await page.synced("a");
    }
    await ada.type("a", "hello");
    await eventually(() => ben.shown("a", "content")).toBe("hello");
    await eventually(() => ben.shown("a", "people")).toBe("1 of 2");
    await ada.page.evaluate(() => {
      const { doc } = window.reactPage.watch.providers["a"] ?? {};
      doc?.getMap("map").set("key", 1);
      doc?.getArray("array").push(["one", "two"]);
    });
    await eventually(() => ben.shown("a", "lists")).toBe("key one,two true");
    await ada.unmount();
    await eventually(() => ben.shown("a", "people")).toBe("0 of 1");
  });

  test("goes to another document with another name, and leaves the first one", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a"] });
    await page.synced("a");
    await page.type("a", "in a");
    await page.rename("a", "b");
    await page.synced("b");
    expect([await page.shown("b", "content"), await page.shown("a", "content")]).toEqual(["", undefined]);
    await eventually(() => page.left()).toEqual([1, 1]);
    await page.rename("b", "a");
    await eventually(() => page.shown("a", "content")).toBe("in a");
    await eventually(() => page.left()).toEqual([1, 1]);
    expect(await page.openedSockets()).toBe(3);
  });

  test("documents of one client share its socket, also one after the other", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a", "b"], isShared: true, isStrict: true });
    await page.synced("a");
    await page.synced("b");
    await page.type("b", "in b");
    await page.render({ names: ["b", "c"], isShared: true, isStrict: true });
    await page.synced("c");
    expect(await page.shown("b", "content")).toBe("in b");
    expect([await page.openedSockets(), (await page.left())[0]]).toEqual([1, 1]);
    await page.unmount();
    await eventually(() => page.left()).toEqual([0, 0]);
  });

  test("renders again what shows a change, and nothing else", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a"] });
    await page.synced("a");
    await page.type("a", "one");
    await page.saved("a");
    const before = await page.renders();
    await page.type("a", "x");
    await eventually(() => page.shown("a", "content")).toBe("onex");
    await page.saved("a");
    const { content = 0, count, people, lists } = before;
    expect(await page.renders()).toMatchObject({ content: content + 1, count, people, lists });
    await page.type("a", " two");
    await eventually(() => page.shown("a", "count")).toBe("2");
    expect(await page.renders()).toMatchObject({ content: content + 2, count: (count ?? 0) + 1, people, lists });
  });

  test("props that are new objects at each render change nothing, and the latest token is the one that is used", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a"], token: "first" });
    await page.synced("a");
    for (const token of ["second", "third"]) await page.render({ names: ["a"], token });
    await page.page.evaluate(() => window.reactPage.watch.providers["a"]?.disconnect());
    await eventually(() => page.shown("a", "status")).toBe("disconnected false");
    expect(await page.openedSockets()).toBe(1);
    await page.page.evaluate(() => window.reactPage.watch.providers["a"]?.connect());
    await page.synced("a");
    expect(await page.page.evaluate(() => window.reactPage.tokens)).toEqual(["first", "third"]);
  });

  test("tries another token that is a string at once where it is not connected", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a"], stringToken: "old" });
    await page.synced("a");
    await page.page.evaluate(() => window.reactPage.watch.providers["a"]?.disconnect());
    await page.render({ names: ["a"], stringToken: "old" });
    await eventually(() => page.shown("a", "status")).toBe("disconnected false");
    await page.render({ names: ["a"], stringToken: "new" });
    await page.synced("a");
  });

  test("connects and disconnects as the component is told", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a"], connect: false });
    await eventually(() => page.shown("a", "status")).toBe("disconnected false");
    expect(await page.openedSockets()).toBe(0);
    await page.render({ names: ["a"], connect: true });
    await page.synced("a");
    await page.render({ names: ["a"], connect: false });
    await eventually(() => page.shown("a", "status")).toBe("disconnected false");
    await eventually(async () => (await page.left())[0]).toBe(0);
  });

  test("a page that was rendered on a server comes alive without a complaint", async () => {
    const url = await startServer();
    const props = { names: ["a", "b"], isStrict: true };
    const html = renderToString(application({ server: { url }, watch: newWatch(), ...props }));
    expect(html).toContain("connecting false");
    const page = await newPage(url, html);
    expect(await page.shown("a", "status")).toBe("connecting false");
    await page.hydrate(props);
    await page.synced("a");
    await page.synced("b");
    await page.type("a", "hello");
    await eventually(() => page.shown("a", "content")).toBe("hello");
    expect(await page.openedSockets()).toBe(2);
  });

  test("is quiet where a component is unmounted in the tick of a change", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a"] });
    await page.synced("a");
    await page.page.evaluate(() => {
      window.reactPage.type("a", "last words");
      window.reactPage.unmount();
      window.reactPage.type("a", ", and more");
    });
    await page.render({ names: ["a"] });
    await eventually(() => page.shown("a", "content")).toBe("last words, and more");
  });

  test("a tree that is hidden leaves after a while, and comes back when it is shown", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a"], isHidden: false });
    await page.synced("a");
    await page.type("a", "hello");
    await page.render({ names: ["a"], isHidden: true });
    await eventually(() => page.left()).toEqual([0, 0]);
    await page.render({ names: ["a"], isHidden: false });
    await page.synced("a");
    await eventually(() => page.shown("a", "content")).toBe("hello");
    expect(await page.left()).toEqual([1, 1]);
  });

  test("a first render that is thrown away leaves nothing behind", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["a"], isSuspended: true });
    await eventually(() => page.page.evaluate(() => window.reactPage.intervals.size)).toBeGreaterThan(0);
    expect(await page.shown("a", "status")).toBeUndefined();
    await page.page.evaluate(() => window.reactPage.resume());
    await page.synced("a");
    await eventually(() => page.left()).toEqual([1, 1]);
    expect(await page.openedSockets()).toBe(1);
  });

  test("a mounted tree that waits for something below it keeps its document, and what was typed offline", async () => {
    const page = await newPage(await startServer());
    await page.render({ names: ["held"], isSuspended: false });
    await page.synced("held");
    await page.render({ names: ["held"], isSuspended: false, connect: false });
    await page.type("held", "typed offline");
    await page.render({ names: ["held"], isSuspended: true, connect: false });
    await eventually(() => page.page.locator("#note-held").isVisible()).toBe(false);
    // Longer than a document stays that nobody has.
    await page.page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 1_500)));
    await page.page.evaluate(() => window.reactPage.resume());
    await eventually(() => page.shown("held", "content")).toBe("typed offline");
    await eventually(() => page.page.locator("#note-held").isVisible()).toBe(true);
    await page.render({ names: ["held"], isSuspended: false });
    await page.synced("held");
    await page.saved("held");
  });

  test("whatever is mounted, hidden and unmounted in whatever order, nothing stays when all is over", async () => {
    const page = await newPage(await startServer());
    const random = new Random(20);
    for (let step = 0; step < 60; step++) {
      const names = ["a", "b", "c"].filter(() => random.chance(0.5));
      const [isStrict, isShared] = [random.chance(0.5), random.chance(0.3)];
      const isHidden = random.pick([undefined, undefined, true, false]);
      if (random.chance(0.2)) await page.unmount();
      else await page.render({ names, isStrict, isShared, ...(isHidden !== undefined && { isHidden }) });
      if (random.chance(0.1)) await eventually(async () => (await page.left())[0] <= names.length).toBe(true);
    }
    await page.unmount();
    await eventually(() => page.left()).toEqual([0, 0]);
  });
});
