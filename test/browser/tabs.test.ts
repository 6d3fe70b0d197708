/** What the tabs of one browser share, with real tabs: a socket, edits and presence, and no client id. */
import { fileURLToPath } from "node:url";
import { MemoryStorage, startServer, type SynclineServer } from "@syncline/server";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import type {} from "../../packages/client/test-support/tabs-page.js";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { serveBuiltPage, type BuiltPage } from "../support/built-page.js";
import { stockClient, synced, until, untilPresence } from "../support/clients.js";

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 30_000 });

/** One tab with one document. */
class Tab {
  readonly page: Page;
  /** Of its own, that are open. */
  readonly sockets = new Set<string>();

  constructor(page: Page) {
    this.page = page;
    page.on("websocket", (socket) => {
      this.sockets.add(socket.url());
      socket.on("close", () => this.sockets.delete(socket.url()));
    });
  }

  async open(clientId?: number): Promise<void> {
    await this.page.evaluate((id) => {
      window.tabsPage.documents.push(new window.tabsPage.PageDocument(id));
    }, clientId);
  }

  async connect(url: string, documentName: string): Promise<void> {
    await this.page.evaluate(([to, name]) => window.tabsPage.documents[0]?.connect(to, name), [
      url,
      documentName,
    ] as const);
    await eventually(() => this.isConnected()).toBe(true);
  }

  async join(channelName: string): Promise<void> {
    await this.page.evaluate((name) => window.tabsPage.documents[0]?.join(name), channelName);
  }

  async isConnected(): Promise<boolean> {
    return this.page.evaluate(() => window.tabsPage.documents[0]?.isConnected === true);
  }

  async type(text: string): Promise<void> {
    await this.page.evaluate((typed) => {
      const [document] = window.tabsPage.documents;
      document?.text.insert(document.text.length, typed);
    }, text);
  }

  async text(): Promise<string> {
    return this.page.evaluate(() => window.tabsPage.documents[0]?.text.toString() ?? "");
  }

  async present(state: string): Promise<void> {
    await this.page.evaluate((present) => window.tabsPage.documents[0]?.awareness.setLocalState({ present }), state);
  }

  /** What the others present, in order. */
  async others(): Promise<string> {
    return this.page.evaluate(() => {
      const others = (window.tabsPage.documents[0]?.others ?? []) as { present?: string }[];
      return others.map(({ present }) => present ?? "?").sort().join(); // prettier-ignore
    });
  }

  async unacked(): Promise<number> {
    return this.page.evaluate(() => window.tabsPage.documents[0]?.unacked ?? -1);
  }

  async clientId(): Promise<number> {
    return this.page.evaluate(() => window.tabsPage.documents[0]?.doc.clientID ?? -1);
  }

  async close(): Promise<void> {
    await this.page.evaluate(() => window.tabsPage.documents[0]?.close());
  }

  /** Ends the process that runs the tab, as the system does when memory is short. */
  async crash(): Promise<void> {
    const crashed = this.page.waitForEvent("crash");
    const session = await this.page.context().newCDPSession(this.page);
    session.send("Page.crash").catch(() => {});
    await crashed;
  }

  /** Keeps it from answering anything for so long, as when it is frozen; resolves when it is over. */
  async block(ms: number): Promise<void> {
    await this.page.evaluate((blockedMs) => {
      const endMs = performance.now() + blockedMs;
      while (performance.now() < endMs);
    }, ms);
  }
}

async function startTestServer(): Promise<SynclineServer> {
  const server = await startServer({ port: 0, data: new MemoryStorage() });
  onTestFinished(() => server.close());
  return server;
}

async function socketCount({ url }: SynclineServer): Promise<number> {
  const metrics = await (await fetch(`${url.replace(/^ws/, "http")}/metrics`)).text();
  return Number(/^syncline_connections (\d+)/m.exec(metrics)?.[1]);
}

async function allShow(tabs: readonly Tab[], ...pieces: string[]): Promise<void> {
  const isThere = (text: string) =>
    pieces.every((piece) => text.includes(piece)) && text.length === pieces.join("").length;
  for (const tab of tabs) await eventually(() => tab.text()).toSatisfy(isThere);
}

/** The tab with the socket, and the others. */
function split(tabs: readonly Tab[]): [Tab, Tab[]] {
  const [leader, ...others] = tabs.filter(({ sockets }) => sockets.size > 0);
  if (!leader || others.length > 0) throw new Error(`${others.length + (leader ? 1 : 0)} tabs have a socket`);
  return [leader, tabs.filter((tab) => tab !== leader)];
}

describe.skipIf(!isBrowserAvailable())("tabs of one browser", () => {
  let site: BuiltPage;
  let launched: TestBrowser;
  beforeAll(async () => {
    [site, launched] = await Promise.all([
      serveBuiltPage({ path: pathOf("../../packages/client/test-support/tabs-page.ts") }),
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

  async function openTab(context: BrowserContext): Promise<Tab> {
    const page = await context.newPage();
    const tab = new Tab(page);
    await page.goto(site.url);
    return tab;
  }

  /** Each with a document of its own that is connected to the server's "document". */
  async function connectedTabs(count: number, server: SynclineServer): Promise<Tab[]> {
    const context = await newContext();
    const tabs = await Promise.all(Array.from({ length: count }, () => openTab(context)));
    await Promise.all(
      tabs.map(async (tab) => {
        await tab.open();
        await tab.connect(server.url, "document");
      }),
    );
    return tabs;
  }

  /** What no tab of a context may leave behind. */
  const lockNames = (tab: Tab): Promise<string[]> =>
    tab.page.evaluate(async () => {
      const { held = [], pending = [] } = await navigator.locks.query();
      return [...held, ...pending].map(({ name }) => name ?? "");
    });

  test("three of them use one socket; what each types is saved and seen by the others and by another browser", async () => {
    const server = await startTestServer();
    const tabs = await connectedTabs(3, server);
    await eventually(() => socketCount(server)).toBe(1);
    const [leader] = split(tabs);
    expect([...leader.sockets]).toEqual([`${server.url}/.syncline/v1/shared`]);
    for (const [index, tab] of tabs.entries()) {
      await tab.type(`(${index})`);
      await tab.present(`tab ${index}`);
    }
    await allShow(tabs, "(0)", "(1)", "(2)");
    for (const tab of tabs) await eventually(() => tab.unacked()).toBe(0);
    await eventually(() => tabs[0]?.others()).toBe("tab 1,tab 2");
    const reader = stockClient(server.url, "document");
    await synced(reader);
    expect(reader.text.toString()).toBe(await leader.text());
    expect(await socketCount(server)).toBe(2);
  });

  test("a tab that closes takes its presence with it, and the last one the socket, every lock, and nothing else is left", async () => {
    const server = await startTestServer();
    const tabs = await connectedTabs(3, server);
    const [leader, [first, second]] = split(tabs);
    if (!first || !second) throw new Error("two followers");
    for (const [index, tab] of tabs.entries()) await tab.present(`tab ${index}`);
    await eventually(async () => (await leader.others()).split(",").length).toBe(2);
    await first.close();
    await eventually(async () => (await leader.others()).split(",").length).toBe(1);
    await leader.close();
    await second.type("still here");
    await eventually(() => second.unacked()).toBe(0);
    expect(await socketCount(server)).toBe(1);
    await second.close();
    await eventually(() => socketCount(server)).toBe(0);
    await eventually(() => lockNames(first)).toEqual([]);
    for (const { page } of tabs) expect(await page.evaluate(() => window.tabsPage.complaints)).toEqual([]);
  });

  const endings: [string, (leader: Tab) => Promise<void>][] = [
    ["is closed", ({ page }) => page.close()],
    ["goes to another page", async ({ page }) => void (await page.goto("about:blank"))],
    ["crashes", (leader) => leader.crash()],
  ];
  test.each(endings)("when the tab with the socket %s, another takes over, and edits go on", async (_, end) => {
    const server = await startTestServer();
    const tabs = await connectedTabs(4, server);
    const [leader, others] = split(tabs);
    await leader.type("first ");
    await allShow(tabs, "first ");
    const typing = Promise.all(others.map((tab, index) => tab.type(`(${index})`)));
    await end(leader);
    await typing;
    for (const tab of others) await tab.type("[after]");
    await allShow(others, "first ", "(0)", "(1)", "(2)", "[after]", "[after]", "[after]");
    for (const tab of others) await eventually(() => tab.unacked()).toBe(0);
    await eventually(() => socketCount(server)).toBe(1);
    split(others);
    const reader = stockClient(server.url, "document");
    await synced(reader);
    await until(reader.doc, () => reader.text.length === "first (0)(1)(2)[after][after][after]".length);
  });

  test("a follower that crashes is gone for everybody at once", async () => {
    const server = await startTestServer();
    const tabs = await connectedTabs(2, server);
    const [, [follower]] = split(tabs);
    await follower?.present("follower");
    const watcher = stockClient(server.url, "document");
    const isThere = () => [...watcher.provider.awareness.states.values()].some(({ present }) => present === "follower");
    await untilPresence(watcher.provider.awareness, isThere);
    const crashedAtMs = performance.now();
    await follower?.crash();
    await untilPresence(watcher.provider.awareness, () => !isThere());
    // The server's heartbeat would have told after 30 s.
    expect(performance.now() - crashedAtMs).toBeLessThan(10_000);
  });

  test("a tab whose leader does not answer opens a socket of its own", async () => {
    const server = await startTestServer();
    const [leader] = await connectedTabs(1, server);
    if (!leader) throw new Error("no tab");
    const late = await openTab(leader.page.context());
    await late.open();
    const blocked = leader.block(8_000);
    await late.connect(server.url, "document");
    expect([...late.sockets]).toEqual([`${server.url}/.syncline/v1`]);
    expect(await socketCount(server)).toBe(2);
    await late.type("alone");
    await eventually(() => late.unacked()).toBe(0);
    await blocked;
    await allShow([leader, late], "alone");
  });

  test("offline they exchange edits and presence, also with one that is opened later", async () => {
    const context = await newContext();
    const [ada, bob] = [await openTab(context), await openTab(context)];
    await ada.open();
    await ada.type("before. ");
    await bob.open();
    for (const [tab, name] of [[ada, "Ada"], [bob, "Bob"]] as const) await tab.present(name); // prettier-ignore
    for (const tab of [ada, bob]) await tab.join("a document");
    await allShow([bob], "before. ");
    await bob.type("Bob. ");
    await ada.type("Ada. ");
    await allShow([ada, bob], "before. ", "Bob. ", "Ada. ");
    await eventually(() => ada.others()).toBe("Bob");
    const carol = await openTab(context);
    await carol.open();
    await carol.present("Carol");
    await carol.join("a document");
    await allShow([carol], "before. ", "Bob. ", "Ada. ");
    await eventually(() => carol.others()).toBe("Ada,Bob");
    await eventually(() => bob.others()).toBe("Ada,Carol");
    await ada.close();
    await eventually(() => bob.others()).toBe("Carol");
  });

  test("two that were given the same client id end with different ones", async () => {
    const context = await newContext();
    const tabs = [await openTab(context), await openTab(context)];
    for (const tab of tabs) {
      await tab.open(4711);
      await tab.page.evaluate(async () => window.tabsPage.documents[0]?.claimId());
    }
    const ids = await Promise.all(tabs.map((tab) => tab.clientId()));
    expect(ids[0]).toBe(4711);
    expect(ids[1]).not.toBe(4711);
  });

  test("where there are no locks they find out by the document's channel", async () => {
    const context = await newContext();
    await context.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
    const tabs = [await openTab(context), await openTab(context)];
    for (const tab of tabs) {
      await tab.open(4711);
      await tab.page.evaluate(async () => window.tabsPage.documents[0]?.claimId());
      await tab.join("a document");
    }
    await eventually(async () => new Set(await Promise.all(tabs.map((tab) => tab.clientId()))).size).toBe(2);
    for (const [index, tab] of tabs.entries()) await tab.type(`(${index})`);
    await allShow(tabs, "(0)", "(1)");
  });

  test("without locks each tab has a socket of its own", async () => {
    const server = await startTestServer();
    const context = await newContext();
    await context.addInitScript(() => Object.defineProperty(navigator, "locks", { value: undefined }));
    const tabs = [await openTab(context), await openTab(context)];
    for (const tab of tabs) {
      await tab.open();
      await tab.connect(server.url, "document");
    }
    expect(await socketCount(server)).toBe(2);
  });
});
