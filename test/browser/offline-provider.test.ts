/** A provider with its copy in a browser's IndexedDB, and the real server: reloads, tabs, and a document that went away meanwhile. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import * as Y from "yjs";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { serveBuiltPage, type BuiltPage } from "../support/built-page.js";
import { synced, synclineClient, textOnServer } from "../support/clients.js";
import { collectOutput, runCli, startServerProcess, type ServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import type { PageOptions } from "./offline-provider-page.js";

const documentName = "notes";
const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 20_000, interval: 20 });

/** The real server, which is stopped and started again on the same port and data, and its command line. */
class Server {
  readonly data: string;
  #process: ServerProcess;

  constructor(data: string, started: ServerProcess) {
    this.data = data;
    this.#process = started;
  }

  get url(): string {
    return this.#process.url;
  }

  async stop(): Promise<void> {
    await this.#process.stop("SIGKILL");
  }

  async start(): Promise<void> {
    this.#process = await startServerProcess(this.data, ["--port", String(this.#process.port)]);
  }

  async delete(): Promise<void> {
    await this.#run("delete", documentName, "--yes");
  }

  async recreate(): Promise<void> {
    await this.#run("recreate", documentName);
  }

  async replaceWith(content: string): Promise<void> {
    const doc = new Y.Doc();
    doc.getText("text").insert(0, content);
    const file = join(this.data, "import.bin");
    await writeFile(file, Y.encodeStateAsUpdate(doc));
    await this.#run("import", documentName, file, "--replace");
  }

  text(): Promise<string> {
    return textOnServer(this.url, documentName);
  }

  async #run(...args: string[]): Promise<void> {
    const child = runCli([...args, "--data", this.data]);
    const output = collectOutput(child);
    const [code] = (await once(child, "exit")) as [number | null];
    expect(code, output()).toBe(0);
  }
}

async function startTestServer(): Promise<Server> {
  const data = await tempDirectory();
  return new Server(data, await startServerProcess(data));
}

/** A tab in which an application has the document open. */
class Tab {
  readonly page: Page;

  constructor(page: Page) {
    this.page = page;
  }

  async open(url: string, options: PageOptions = {}): Promise<void> {
    await this.page.evaluate(
      ([to, given]) => {
        window.offlineProviderPage.opened = window.offlineProviderPage.open(to, given);
      },
      [url, options] as const,
    );
  }

  async reload(): Promise<void> {
    await this.checkComplaints();
    await this.page.reload();
  }

  /** Types at the end, and reloads so much later, with nothing in between. */
  async typeAndReload(typed: string, delayMs: number): Promise<void> {
    const reloaded = this.page.waitForEvent("load");
    await this.page.evaluate(
      ([content, delay]) => {
        const { text } = window.offlineProviderPage.opened;
        text.insert(text.length, content);
        setTimeout(() => location.reload(), delay);
      },
      [typed, delayMs] as const,
    );
    await reloaded;
  }

  async type(typed: string): Promise<void> {
    await this.page.evaluate((content) => {
      const { text } = window.offlineProviderPage.opened;
      text.insert(text.length, content);
    }, typed);
  }

  text(): Promise<string> {
    return this.page.evaluate(() => window.offlineProviderPage.opened.text.toString());
  }

  status() {
    return this.page.evaluate(() => {
      const { provider } = window.offlineProviderPage.opened;
      const { connection, synced: isSynced, offline, rejected, lastError } = provider.status;
      const [error, isRejected, pendingCount] = [lastError?.code, rejected !== undefined, provider.pending.count];
      return { connection, isSynced, offline, isRejected, error, pendingCount };
    });
  }

  told() {
    return this.page.evaluate(() => window.offlineProviderPage.opened.told);
  }

  async saved(): Promise<void> {
    await this.page.evaluate(() => window.offlineProviderPage.opened.provider.whenDurable());
  }

  /** All that the document holds is stored in this browser. */
  async stored(): Promise<void> {
    await eventually(async () => (await this.status()).offline).toBe("saved");
  }

  async destroy(): Promise<void> {
    await this.page.evaluate(() => window.offlineProviderPage.opened.provider.destroy());
  }

  /** Until it is released: the browser opens it, and is slow to say so. */
  async delayDatabase(): Promise<void> {
    await this.page.evaluate(() => {
      const open = indexedDB.open.bind(indexedDB);
      const released = new Promise<void>((resolve) => Object.assign(window, { releaseDatabase: resolve }));
      indexedDB.open = (name) => {
        const late = {} as { onsuccess: () => void; result: IDBDatabase };
        void released.then(() => {
          const opening = open(name);
          opening.onsuccess = () => {
            late.result = opening.result;
            late.onsuccess();
          };
        });
        return late as unknown as IDBOpenDBRequest;
      };
    });
  }

  async releaseDatabase(): Promise<void> {
    await this.page.evaluate(() => (window as unknown as { releaseDatabase: () => void }).releaseDatabase());
  }

  async synced(): Promise<void> {
    await eventually(async () => (await this.status()).isSynced).toBe(true);
  }

  exportRejected(): Promise<string> {
    return this.page.evaluate(() => {
      const { opened, textOf } = window.offlineProviderPage;
      return textOf(opened.provider.exportRejected());
    });
  }

  async revertRejected(): Promise<void> {
    await this.page.evaluate(() => window.offlineProviderPage.opened.provider.revertRejected());
  }

  async close(): Promise<void> {
    await this.checkComplaints();
    await this.page.close();
  }

  async checkComplaints(): Promise<void> {
    expect(await this.page.evaluate(() => window.offlineProviderPage.complaints)).toEqual([]);
  }
}

/** Bytes of the WebSocket messages of a page, from now on. */
async function countTraffic(page: Page): Promise<{ received: number; sent: number }> {
  const session: CDPSession = await page.context().newCDPSession(page);
  const traffic = { received: 0, sent: 0 };
  const byteCount = ({ response }: { response: { payloadData: string } }): number =>
    Buffer.byteLength(response.payloadData, "base64");
  session.on("Network.webSocketFrameReceived", (frame) => (traffic.received += byteCount(frame)));
  session.on("Network.webSocketFrameSent", (frame) => (traffic.sent += byteCount(frame)));
  await session.send("Network.enable");
  return traffic;
}

describe.skipIf(!isBrowserAvailable())("a provider with a copy in this browser", () => {
  let site: BuiltPage;
  let launched: TestBrowser;
  beforeAll(async () => {
    [site, launched] = await Promise.all([
      serveBuiltPage({ path: fileURLToPath(new URL("offline-provider-page.ts", import.meta.url)) }),
      launchBrowser(),
    ]);
  });
  afterAll(async () => {
    site.close();
    await launched.close();
  });

  async function newContext(): Promise<BrowserContext> {
    const context = await launched.browser.newContext();
    onTestFinished(() => context.close());
    return context;
  }

  /** Fails the test when anything in the page is left unhandled. */
  async function newTab(context?: BrowserContext, prepare?: () => void): Promise<Tab> {
    const page = await (context ?? (await newContext())).newPage();
    if (prepare) await page.addInitScript(prepare);
    await page.goto(site.url);
    const tab = new Tab(page);
    onTestFinished(async () => {
      if (!page.isClosed()) await tab.checkComplaints();
    });
    return tab;
  }

  /** A browser that has seen the document on the server, and left. */
  async function tabThatHas(content: string, server: Server, context?: BrowserContext): Promise<Tab> {
    const tab = await newTab(context);
    await tab.open(server.url);
    await tab.type(content);
    await tab.saved();
    await tab.destroy();
    await tab.reload();
    return tab;
  }

  test("shows after a reload what was typed before it, with no server, and doubles nothing when there is one", async () => {
    const server = await startTestServer();
    const tab = await newTab();
    await tab.open(server.url);
    await tab.type("typed online");
    await tab.saved();
    await server.stop();
    await tab.reload();
    await tab.open(server.url);
    await eventually(() => tab.text()).toBe("typed online");
    expect(await tab.status()).toMatchObject({ isSynced: false, pendingCount: 1 });
    await server.start();
    await tab.synced();
    await tab.saved();
    expect([await tab.text(), await server.text()]).toEqual(["typed online", "typed online"]);
    expect(await tab.status()).toMatchObject({ pendingCount: 0, isRejected: false, offline: "saved" });
  });

  test("sends what was typed offline 50 ms before a reload once there is a server, once", async () => {
    const server = await startTestServer();
    const tab = await tabThatHas("online. ", server);
    const other = synclineClient(server.url, documentName);
    await synced(other);
    await server.stop();
    await tab.open(server.url);
    await eventually(() => tab.text()).toBe("online. ");
    await tab.typeAndReload("offline. ", 50);
    await tab.open(server.url);
    await eventually(() => tab.text()).toBe("online. offline. ");
    expect((await tab.status()).pendingCount).toBeGreaterThan(0);
    await tab.typeAndReload("again.", 0);
    await tab.open(server.url);
    await eventually(() => tab.text()).toBe("online. offline. again.");
    await server.start();
    await tab.synced();
    await tab.saved();
    await eventually(() => other.text.toString()).toBe("online. offline. again.");
    expect([await tab.text(), await server.text()]).toEqual(Array(2).fill("online. offline. again."));
    expect((await tab.status()).pendingCount).toBe(0);
  });

  test("sends what was typed in a browser that never met the server before", async () => {
    const server = await startTestServer();
    const other = synclineClient(server.url, documentName);
    other.text.insert(0, "theirs. ");
    await other.provider.whenDurable();
    await server.stop();
    const tab = await newTab();
    await tab.open(server.url);
    await tab.type("mine. ");
    await tab.typeAndReload("", 50);
    await server.start();
    await tab.open(server.url);
    await tab.synced();
    await tab.saved();
    const isBoth = (text: string): boolean => ["theirs. mine. ", "mine. theirs. "].includes(text);
    expect(await tab.text()).toSatisfy(isBoth);
    expect(await server.text()).toBe(await tab.text());
  });

  test("a tab that is opened later sends what was typed offline in one that is closed", async () => {
    const server = await startTestServer();
    const context = await newContext();
    const closing = await tabThatHas("online. ", server, context);
    await server.stop();
    await closing.open(server.url);
    await eventually(() => closing.text()).toBe("online. ");
    await closing.type("offline.");
    await closing.close();
    await server.start();
    const later = await newTab(context);
    await later.open(server.url);
    await later.synced();
    await later.saved();
    expect([await later.text(), await server.text()]).toEqual(Array(2).fill("online. offline."));
  });

  test("two tabs that were edited offline and reloaded end with everything, once", async () => {
    const server = await startTestServer();
    const context = await newContext();
    const first = await tabThatHas("online. ", server, context);
    const second = await newTab(context);
    await server.stop();
    for (const tab of [first, second]) {
      await tab.open(server.url, { disableBc: true });
      await eventually(() => tab.text()).toBe("online. ");
    }
    await Promise.all([first.typeAndReload("first. ", 0), second.typeAndReload("second. ", 0)]);
    await server.start();
    for (const tab of [first, second]) await tab.open(server.url, { disableBc: true });
    const isAll = (text: string): boolean => ["online. first. second. ", "online. second. first. "].includes(text);
    for (const tab of [first, second]) {
      await tab.synced();
      await tab.saved();
      await eventually(() => tab.text()).toSatisfy(isAll);
    }
    expect(await server.text()).toBe(await first.text());
  });

  test("does not give a deleted document back to the server, and gives the application the old content", async () => {
    const server = await startTestServer();
    const tab = await tabThatHas("old. ", server);
    await server.stop();
    await tab.open(server.url);
    await eventually(() => tab.text()).toBe("old. ");
    await tab.type("unsent.");
    await tab.stored();
    await tab.reload();
    await server.delete();
    await server.start();
    const expectRefusal = async () => {
      // Not 4404: to who comes with a generation a deleted document is another one, if any.
      await tab.open(server.url);
      await eventually(() => tab.told()).toMatchObject({
        closed: [4409],
        rejected: [{ code: 4409, text: "old. unsent." }],
      });
      expect(await tab.exportRejected()).toBe("old. unsent.");
    };
    await expectRefusal();
    await tab.type(" later.");
    expect(await tab.exportRejected()).toBe("old. unsent. later.");
    await tab.page.evaluate(() => window.offlineProviderPage.opened.doc.getText("text").delete(12, 7));
    await tab.stored();
    // Until the application decides, however often it is opened.
    await tab.reload();
    await expectRefusal();
    await tab.revertRejected();
    expect(await tab.text()).toBe("");
    await tab.stored();
    await tab.reload();
    await tab.open(server.url);
    await eventually(async () => (await tab.told()).closed).toEqual([4404]);
    expect([await tab.text(), (await tab.told()).rejected]).toEqual(["", []]);
    await server.stop();
    await server.recreate();
    await server.start();
    await tab.reload();
    await tab.open(server.url);
    await tab.synced();
    expect([await tab.text(), await server.text()]).toEqual(["", ""]);
  });

  test("does not merge unsent edits into a document that was replaced, and has only the new one after a revert", async () => {
    const server = await startTestServer();
    const tab = await tabThatHas("old. ", server);
    await server.stop();
    await tab.open(server.url);
    await eventually(() => tab.text()).toBe("old. ");
    await tab.type("unsent.");
    await tab.stored();
    await tab.reload();
    await server.replaceWith("new.");
    await server.start();
    await tab.open(server.url);
    await eventually(() => tab.told()).toMatchObject({ closed: [4409], rejected: [{ text: "old. unsent." }] });
    expect([await tab.text(), await server.text()]).toEqual(["old. unsent.", "new."]);
    expect(await tab.exportRejected()).toBe("old. unsent.");
    await tab.revertRejected();
    expect(await tab.text()).toBe("new.");
    await tab.stored();
    await tab.reload();
    await server.stop();
    await tab.open(server.url);
    await eventually(() => tab.text()).toBe("new.");
    await server.start();
    await tab.synced();
    await tab.saved();
    expect([await tab.text(), await server.text()]).toEqual(["new.", "new."]);
  });

  test("knows after a revert, and a reload, which document it has: it may be replaced again", async () => {
    const server = await startTestServer();
    const tab = await tabThatHas("old.", server);
    await server.replaceWith("new.");
    await tab.open(server.url);
    await eventually(async () => (await tab.told()).closed).toEqual([4409]);
    await tab.revertRejected();
    await tab.synced();
    await tab.destroy();
    await tab.reload();
    await server.replaceWith("newest.");
    await tab.open(server.url);
    await eventually(async () => (await tab.told()).closed).toEqual([4409]);
    expect([await tab.text(), await server.text()]).toEqual(["new.", "newest."]);
  });

  test("knows which document it has as soon as anything of it is stored", async () => {
    const server = await startTestServer();
    const tab = await newTab();
    await tab.open(server.url);
    await tab.type("old.");
    await tab.saved();
    await tab.stored();
    await tab.reload();
    await server.replaceWith("new.");
    await tab.open(server.url);
    await eventually(async () => (await tab.status()).isSynced || (await tab.told()).closed.length > 0).toBe(true);
    expect([(await tab.told()).closed, await tab.text(), await server.text()]).toEqual([[4409], "old.", "new."]);
  });

  test("a revert in one tab keeps the old content from coming back through another", async () => {
    const server = await startTestServer();
    const context = await newContext();
    const first = await tabThatHas("old.", server, context);
    const second = await newTab(context);
    for (const tab of [first, second]) {
      await tab.open(server.url);
      await tab.synced();
    }
    await server.replaceWith("new.");
    for (const tab of [first, second]) await eventually(async () => (await tab.told()).closed).toEqual([4409]);
    await first.revertRejected();
    await first.synced();
    await first.stored();
    await second.type(" typed on.");
    await eventually(async () => (await second.status()).offline).toBe("failed");
    expect((await second.told()).errors).toContainEqual(expect.stringMatching(/^storage-replaced/));
    expect([await first.text(), await second.text()]).toEqual(["new.", "old. typed on."]);
    for (const tab of [first, second]) await tab.reload();
    for (const tab of [first, second]) {
      await tab.open(server.url);
      await tab.synced();
      expect(await tab.text()).toBe("new.");
    }
    expect(await server.text()).toBe("new.");
  });

  test("connects and syncs where IndexedDB throws or never answers, and says so", async () => {
    const faults = [
      () => {
        indexedDB.open = () => {
          throw new DOMException("The operation is insecure.", "SecurityError");
        };
      },
      () => {
        indexedDB.open = () => ({}) as IDBOpenDBRequest;
      },
      () => Object.defineProperty(globalThis, "indexedDB", { value: undefined }),
    ];
    const server = await startTestServer();
    for (const [index, fault] of faults.entries()) {
      const tab = await newTab(undefined, fault);
      const openedAt = Date.now();
      await tab.open(server.url, { openTimeoutMs: 500 });
      await tab.type(`(${index})`);
      await tab.saved();
      // Half of it is a slow machine's.
      expect(Date.now() - openedAt, String(fault)).toBeLessThan(3_000);
      expect(await tab.status()).toMatchObject({ offline: "failed", isSynced: true, error: "storage-failed" });
      const { errors, closed } = await tab.told();
      expect(errors).toEqual([expect.stringMatching(/^storage-failed: The copy of "notes" in this browser: ./)]);
      expect(closed).toEqual([]);
    }
    expect((await server.text()).length).toBe("(0)(1)(2)".length);
  });

  test("uses a database that opens late, unless it has another document", async () => {
    const server = await startTestServer();
    const tab = await tabThatHas("old. ", server);
    await server.stop();
    await tab.open(server.url);
    await eventually(() => tab.text()).toBe("old. ");
    await tab.type("unsent. ");
    await tab.stored();
    await tab.reload();
    await server.start();
    await tab.delayDatabase();
    await tab.open(server.url, { openTimeoutMs: 100 });
    await tab.synced();
    expect([await tab.text(), (await tab.status()).offline]).toEqual(["old. ", "failed"]);
    await tab.releaseDatabase();
    await eventually(() => tab.text()).toBe("old. unsent. ");
    await tab.saved();
    await tab.stored();
    expect(await server.text()).toBe("old. unsent. ");
    await server.stop();
    await tab.type("unsent again.");
    await tab.stored();
    await tab.reload();
    await server.replaceWith("new.");
    await server.start();
    await tab.delayDatabase();
    await tab.open(server.url, { openTimeoutMs: 100 });
    await tab.synced();
    await tab.releaseDatabase();
    await eventually(async () => (await tab.told()).errors).toContainEqual(expect.stringMatching(/^storage-replaced/));
    expect([await tab.text(), await server.text()]).toEqual(["new.", "new."]);
    // What was not sent is still to be had.
    await tab.reload();
    await tab.open(server.url);
    await eventually(() => tab.told()).toMatchObject({ closed: [4409] });
    expect(await tab.exportRejected()).toBe("old. unsent. unsent again.");
  });

  test("brings what y-indexeddb stored to the server", async () => {
    const server = await startTestServer();
    const tab = await newTab();
    await tab.page.evaluate(() => window.offlineProviderPage.storeWithStock("kept for years"));
    await tab.open(server.url);
    await tab.synced();
    await tab.saved();
    expect([await tab.text(), await server.text()]).toEqual(["kept for years", "kept for years"]);
  });

  test("fetches nothing again after a reload of a document of 1 MB, and sends nothing again", async () => {
    const server = await startTestServer();
    const tab = await newTab();
    await tab.open(server.url);
    await tab.page.evaluate(() => {
      const { text } = window.offlineProviderPage.opened;
      for (let i = 0; i < 100; i++) text.insert(0, `${i}`.padEnd(10_000, "abcdefghij"));
    });
    await tab.saved();
    await tab.stored();
    await tab.reload();
    const traffic = await countTraffic(tab.page);
    await tab.open(server.url);
    await tab.synced();
    await tab.saved();
    expect((await tab.text()).length).toBe(1_000_000);
    expect(traffic.received).toBeGreaterThan(0);
    expect(traffic.received).toBeLessThan(1_000);
    expect(traffic.sent).toBeLessThan(1_000);
  });

  test("has everything stored when destroy() is done", async () => {
    const server = await startTestServer();
    await server.stop();
    const tab = await newTab();
    await tab.open(server.url);
    const state = await tab.page.evaluate(async () => {
      const { provider, text } = window.offlineProviderPage.opened;
      for (let i = 0; i < 300; i++) text.insert(text.length, `${i},`);
      await provider.destroy();
      return provider.status.offline;
    });
    expect(state).toBe("saved");
    // The process is killed: nothing of the page gets to run any more.
    const crashed = tab.page.waitForEvent("crash");
    const session = await tab.page.context().newCDPSession(tab.page);
    session.send("Page.crash").catch(() => {});
    await crashed;
    const next = await newTab(tab.page.context());
    await tab.page.close();
    await next.open(server.url);
    await eventually(() => next.text()).toBe(Array.from({ length: 300 }, (_, i) => `${i},`).join(""));
  });
});
