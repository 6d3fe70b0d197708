/** The offline copy in a real browser's IndexedDB: reloads, killed tabs, several tabs, and a database that fails. */
import { fileURLToPath } from "node:url";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { isBrowserAvailable, launchBrowser, launchProfile, type TestBrowser } from "../support/browser.js";
import { serveBuiltPage, type BuiltPage } from "../support/built-page.js";
import { tempDirectory } from "../support/temp-directory.js";

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
/** Sources: what is tested is not part of the public entry. */
const alias = { "@syncline/client/offline": pathOf("../../packages/client/src/offline/index.ts") };
const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 30_000 });

describe.skipIf(!isBrowserAvailable())("a copy in a browser's IndexedDB", () => {
  let site: BuiltPage;
  let launched: TestBrowser;
  beforeAll(async () => {
    [site, launched] = await Promise.all([serveBuiltPage({ path: pathOf("offline-page.ts"), alias }), launchBrowser()]);
  });
  afterAll(async () => {
    site.close();
    await launched.close();
  });

  /** Fails the test when anything in the page is left unhandled. */
  async function visit(context: BrowserContext, prepare?: () => void): Promise<Page> {
    const page = await context.newPage();
    if (prepare) await page.addInitScript(prepare);
    await page.goto(site.url);
    onTestFinished(async () => {
      if (!page.isClosed()) expect(await page.evaluate(() => window.offlinePage.complaints)).toEqual([]);
    });
    return page;
  }

  async function newContext(): Promise<BrowserContext> {
    const context = await launched.browser.newContext();
    onTestFinished(() => context.close());
    return context;
  }

  const storedText = (page: Page, documentName = "notes"): Promise<string> =>
    page.evaluate(async (name) => {
      const { copy, text } = window.offlinePage.open(name);
      await copy.loaded;
      const stored = text.toString();
      await copy.destroy();
      return stored;
    }, documentName);

  test("has what was typed 50 ms before a reload, and in the same moment as one", async () => {
    const page = await visit(await newContext());
    for (const [index, delayMs] of [50, 50, 0, 0, 0].entries()) {
      const reloaded = page.waitForEvent("load");
      await page.evaluate(
        async ([name, delay]) => {
          const { copy, text } = window.offlinePage.open(`${name}`);
          await copy.loaded;
          text.insert(0, "just typed");
          setTimeout(() => location.reload(), Number(delay));
        },
        [`reload ${index}`, delayMs] as const,
      );
      await reloaded;
      expect(await storedText(page, `reload ${index}`), `${delayMs} ms`).toBe("just typed");
    }
  });

  test("has what was typed right before the tab was killed, while it never came to itself again", async () => {
    const { browser, close } = await launchBrowser();
    onTestFinished(close);
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(site.url);
    await page.evaluate(async () => {
      const { copy, text } = window.offlinePage.open("notes");
      await copy.loaded;
      await copy.flush();
      setTimeout(() => {
        text.insert(0, "last words");
        queueMicrotask(() => {
          for (;;);
        });
      });
    });
    const crashed = page.waitForEvent("crash");
    const session = await browser.newBrowserCDPSession();
    const { processInfo } = await session.send("SystemInfo.getProcessInfo");
    for (const { id } of processInfo.filter(({ type }) => type === "renderer")) process.kill(id, "SIGKILL");
    await crashed;
    const next = await context.newPage();
    await next.goto(site.url);
    expect(await storedText(next)).toBe("last words");
  });

  test("has what it called saved after the browser was killed", async () => {
    const directory = await tempDirectory();
    const before = await launchProfile(directory);
    const page = await before.context.newPage();
    await page.goto(site.url);
    await page.evaluate(async () => {
      const { copy, text } = window.offlinePage.open("notes");
      await copy.loaded;
      for (const word of ["one ", "two ", "three"]) text.insert(text.length, word);
      await copy.flush();
      if (copy.state !== "saved") throw new Error(copy.state);
    });
    process.kill(before.pid, "SIGKILL");
    await eventually(() => before.context.pages().length).toBe(0);
    await before.close();
    const after = await launchProfile(directory);
    onTestFinished(after.close);
    expect(await storedText(await visit(after.context))).toBe("one two three");
  });

  test("loses nothing while two tabs type and compact at the same time", async () => {
    const context = await newContext();
    const pages = [await visit(context), await visit(context)];
    await Promise.all(
      pages.map((page, index) =>
        page.evaluate(async (tab) => {
          const { copy, edits } = window.offlinePage.open("notes");
          await copy.loaded;
          for (let i = 0; i < 700; i++) {
            edits.set(`${tab}.${i}`, i);
            await new Promise((resolve) => setTimeout(resolve));
          }
          await copy.destroy();
        }, index),
      ),
    );
    const reader = await visit(context);
    const [size, rows] = await reader.evaluate(async () => {
      const { copy, edits } = window.offlinePage.open("notes");
      await copy.loaded;
      return [edits.size, await window.offlinePage.countRows("notes")] as const;
    });
    expect(size).toBe(1_400);
    expect(rows).toBeLessThan(700);
  });

  test("after a restart other tabs cannot write the old content back, and say so", async () => {
    const context = await newContext();
    const [page, other] = [await visit(context), await visit(context)];
    const open = async () => {
      const opened = window.offlinePage.open("notes");
      window.offlinePage.kept.set("notes", opened);
      await opened.copy.loaded;
      await opened.copy.flush();
    };
    for (const each of [page, other]) await each.evaluate(open);
    await page.evaluate(async () => {
      const opened = window.offlinePage.kept.get("notes");
      opened?.text.insert(0, "new");
      await opened?.copy.restart();
    });
    const outcome = await other.evaluate(async () => {
      const opened = window.offlinePage.kept.get("notes");
      opened?.text.insert(0, "old");
      await opened?.copy.flush();
      return [opened?.copy.state, opened?.errors.join()];
    });
    expect(outcome).toEqual(["failed", expect.stringMatching(/^storage-replaced/)]);
    expect(await storedText(page)).toBe("new");
  });

  test("shares its database with y-indexeddb, both ways", async () => {
    const page = await visit(await newContext());
    const texts = await page.evaluate(async () => {
      const stock = await window.offlinePage.openStock("notes");
      stock.text.insert(0, "theirs, ");
      await stock.persistence.set("their key", "their value");
      await stock.persistence.destroy();
      const ours = window.offlinePage.open("notes");
      await ours.copy.loaded;
      const found = ours.text.toString();
      ours.text.insert(ours.text.length, "ours");
      for (let i = 0; i < 300; i++) {
        ours.text.insert(ours.text.length, ".");
        await ours.copy.flush();
      }
      ours.copy.remember({ generation: "g", seq: 1 });
      await ours.copy.destroy();
      const again = await window.offlinePage.openStock("notes");
      again.text.insert(0, "again ");
      const value = await again.persistence.get("their key");
      await again.persistence.destroy();
      return [found, again.text.toString(), value];
    });
    const dots = ".".repeat(300);
    expect(texts).toEqual(["theirs, ", `again theirs, ours${dots}`, "their value"]);
    expect(await storedText(page)).toBe(`again theirs, ours${dots}`);
  });

  test("goes on without a database that throws, fails or never answers, and says so", async () => {
    const faults = [
      () => {
        indexedDB.open = () => {
          throw new DOMException("The operation is insecure.", "SecurityError");
        };
      },
      () => {
        indexedDB.open = () => ({}) as IDBOpenDBRequest;
      },
      () => {
        const open = indexedDB.open.bind(indexedDB);
        // An older version than there is: an error of the browser's own.
        indexedDB.open = (name: string) => (open(name, 2), open(name, 1));
      },
      () => Object.defineProperty(globalThis, "indexedDB", { value: undefined }),
    ];
    for (const fault of faults) {
      const page = await visit(await newContext(), fault);
      const outcome = await page.evaluate(async () => {
        const { copy, text, errors } = window.offlinePage.open("notes", { openTimeoutMs: 300 });
        text.insert(0, "typed");
        await copy.loaded;
        await copy.flush();
        return { state: copy.state, errors, text: text.toString() };
      });
      expect(outcome, String(fault)).toMatchObject({ state: "failed", text: "typed" });
      expect(outcome.errors).toEqual([expect.stringMatching(/^storage-failed/)]);
    }
  });

  test("does not wait for a database that another tab is deleting, and uses it as soon as it can", async () => {
    const context = await newContext();
    const [holder, page] = [await visit(context), await visit(context)];
    await holder.evaluate(async () => {
      const opened = indexedDB.open("notes");
      await new Promise((resolve) => (opened.onsuccess = resolve));
      indexedDB.deleteDatabase("notes");
      Object.assign(window, { release: () => opened.result.close() });
    });
    const state = await page.evaluate(async () => {
      const opened = window.offlinePage.open("notes", { openTimeoutMs: 300 });
      window.offlinePage.kept.set("notes", opened);
      opened.text.insert(0, "typed");
      await opened.copy.loaded;
      return opened.copy.state;
    });
    expect(state).toBe("failed");
    await holder.evaluate(() => (window as unknown as { release: () => void }).release());
    await eventually(() => page.evaluate(() => window.offlinePage.kept.get("notes")?.copy.state)).toBe("saved");
    expect(await storedText(page)).toBe("typed");
  });

  test("says when there is no room, and stores everything when there is again", async () => {
    const page = await visit(await newContext());
    const session = await page.context().newCDPSession(page);
    const origin = new URL(site.url).origin;
    // Before the first write: Chromium believes for a while in the room there was.
    await session.send("Storage.overrideQuotaForOrigin", { origin, quotaSize: 100_000 });
    await page.evaluate(async () => {
      const opened = window.offlinePage.open("notes");
      window.offlinePage.kept.set("notes", opened);
      await opened.copy.loaded;
      await opened.copy.flush();
    });
    const outcome = await page.evaluate(async () => {
      const opened = window.offlinePage.kept.get("notes");
      // Chromium compresses what it stores.
      const letters = Array.from({ length: 1_000_000 }, () => String.fromCharCode(33 + Math.random() * 90));
      opened?.text.insert(0, letters.join(""));
      await opened?.copy.flush();
      opened?.text.insert(0, "typed meanwhile ");
      await opened?.copy.flush();
      return { state: opened?.copy.state, errors: opened?.errors };
    });
    expect(outcome).toMatchObject({ state: "failed", errors: [expect.stringMatching(/^storage-failed: .*Quota/)] });
    await session.send("Storage.overrideQuotaForOrigin", { origin });
    await eventually(() => page.evaluate(() => window.offlinePage.kept.get("notes")?.copy.state)).toBe("saved");
    const text = await page.evaluate(() => window.offlinePage.kept.get("notes")?.text.toString());
    expect(text).toMatch(/^typed meanwhile /);
    expect(await storedText(page)).toBe(text);
  });

  test("is deleted on demand, under the feet of a tab that uses it", async () => {
    const context = await newContext();
    const [page, other] = [await visit(context), await visit(context)];
    await page.evaluate(async () => {
      const opened = window.offlinePage.open("notes");
      window.offlinePage.kept.set("notes", opened);
      await opened.copy.loaded;
      opened.text.insert(0, "secret");
      await opened.copy.flush();
    });
    await other.evaluate(() => window.offlinePage.clearOffline("notes"));
    expect(await other.evaluate(async () => (await indexedDB.databases()).length)).toBe(0);
    const errors = await page.evaluate(() => window.offlinePage.kept.get("notes")?.errors);
    expect(errors).toEqual([expect.stringMatching(/^storage-replaced/)]);
  });
});
