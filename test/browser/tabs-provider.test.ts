/** The provider in several tabs of one browser: one socket, hand-over, edits and presence offline, and no shared client id. */
import { fileURLToPath } from "node:url";
import { MemoryStorage, startServer, type SynclineServer } from "@syncline/server";
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { serveBuiltPage, type BuiltPage } from "../support/built-page.js";
import { stockClient, synced, until } from "../support/clients.js";
import type {} from "./tabs-provider-page.js";

const pathOf = (path: string): string => fileURLToPath(new URL(path, import.meta.url));
const alias = { "@syncline/client": pathOf("../../packages/client/src/index.ts") };
const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 30_000 });

interface TabOptions {
  readonly connect?: boolean;
  readonly shareSocket?: boolean;
  readonly disableBc?: boolean;
  readonly token?: string;
  readonly clientId?: number;
}

/** One tab with one provider. */
class Tab {
  readonly page: Page;
  readonly sockets = new Set<string>();

  constructor(page: Page) {
    this.page = page;
    page.on("websocket", (socket) => {
      this.sockets.add(socket.url());
      socket.on("close", () => this.sockets.delete(socket.url()));
    });
  }

  async open(url: string, options: TabOptions = {}): Promise<void> {
    await this.page.evaluate(
      ([to, given]) => {
        const { providerPage } = window;
        providerPage.opened.push(providerPage.open(to, "document", given));
      },
      [url, options] as const,
    );
  }

  async synced(): Promise<void> {
    await eventually(() => this.page.evaluate(() => window.providerPage.opened[0]?.provider.synced)).toBe(true);
  }

  async sharesWithTabs(): Promise<boolean | undefined> {
    return this.page.evaluate(() => window.providerPage.opened[0]?.provider.bcconnected);
  }

  async type(text: string): Promise<void> {
    await this.page.evaluate((typed) => {
      const [opened] = window.providerPage.opened;
      opened?.text.insert(opened.text.length, typed);
    }, text);
  }

  async text(): Promise<string> {
    return this.page.evaluate(() => window.providerPage.opened[0]?.text.toString() ?? "");
  }

  async saved(): Promise<void> {
    await this.page.evaluate(() => window.providerPage.opened[0]?.provider.whenDurable());
  }

  async present(state: string): Promise<void> {
    await this.page.evaluate(
      (present) => window.providerPage.opened[0]?.provider.awareness?.setLocalState({ present }),
      state,
    );
  }

  /** What the others present, in order. */
  async others(): Promise<string> {
    return this.page.evaluate(() => {
      const [opened] = window.providerPage.opened;
      const others = [...(opened?.provider.awareness?.states ?? [])].filter(([id]) => id !== opened?.doc.clientID);
      return others.map(([, state]) => (state as { present?: string }).present ?? "?").sort().join(); // prettier-ignore
    });
  }

  async clientId(): Promise<number> {
    return this.page.evaluate(() => window.providerPage.opened[0]?.doc.clientID ?? -1);
  }

  async disconnect(): Promise<void> {
    await this.page.evaluate(() => window.providerPage.opened[0]?.provider.disconnect());
  }

  async destroy(): Promise<void> {
    await this.page.evaluate(() => window.providerPage.opened[0]?.provider.destroy());
  }

  async crash(): Promise<void> {
    const crashed = this.page.waitForEvent("crash");
    const session = await this.page.context().newCDPSession(this.page);
    session.send("Page.crash").catch(() => {});
    await crashed;
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

const nowhere = "ws://127.0.0.1:9";

describe.skipIf(!isBrowserAvailable())("the provider in tabs of one browser", () => {
  let site: BuiltPage;
  let launched: TestBrowser;
  beforeAll(async () => {
    [site, launched] = await Promise.all([
      serveBuiltPage({ path: pathOf("tabs-provider-page.ts"), alias }),
      launchBrowser(),
    ]);
  });
  afterAll(async () => {
    site.close();
    await launched.close();
  });

  async function openTabs(count: number): Promise<Tab[]> {
    const context: BrowserContext = await launched.browser.newContext();
    onTestFinished(() => context.close());
    const tabs = await Promise.all(
      Array.from({ length: count }, async () => {
        const page = await context.newPage();
        const tab = new Tab(page);
        await page.goto(site.url);
        return tab;
      }),
    );
    onTestFinished(async () => {
      for (const { page } of tabs) {
        if (page.isClosed()) continue;
        const complaints = await page.evaluate(() => window.providerPage?.complaints ?? []).catch(() => []);
        expect(complaints).toEqual([]);
      }
    });
    return tabs;
  }

  /** With nothing but the socket in common. */
  async function sharingTabs(count: number, server: SynclineServer): Promise<Tab[]> {
    const tabs = await openTabs(count);
    await Promise.all(
      tabs.map(async (tab) => {
        await tab.open(server.url, { shareSocket: true, disableBc: true });
        await tab.synced();
      }),
    );
    return tabs;
  }

  test("three of them use one socket, and what each types is on the server's disk", async () => {
    const server = await startTestServer();
    const tabs = await sharingTabs(3, server);
    await eventually(() => socketCount(server)).toBe(1);
    for (const [index, tab] of tabs.entries()) {
      await tab.type(`(${index})`);
      await tab.present(`tab ${index}`);
    }
    await allShow(tabs, "(0)", "(1)", "(2)");
    for (const tab of tabs) await tab.saved();
    await eventually(() => tabs[0]?.others()).toBe("tab 1,tab 2");
    for (const tab of tabs) await tab.destroy();
    await eventually(() => socketCount(server)).toBe(0);
    const locks = await tabs[0]?.page.evaluate(async () => {
      const { held = [], pending = [] } = await navigator.locks.query();
      return [...held, ...pending].map(({ name }) => name);
    });
    expect(locks).toEqual([]);
  });

  const endings: [string, (leader: Tab) => Promise<void>][] = [
    ["is closed", ({ page }) => page.close()],
    ["crashes", (leader) => leader.crash()],
  ];
  test.each(endings)("when the tab with the socket %s, another takes over and no edit is lost", async (_, end) => {
    const server = await startTestServer();
    const tabs = await sharingTabs(4, server);
    const [leader, others] = split(tabs);
    await leader.type("first ");
    await allShow(tabs, "first ");
    const typing = Promise.all(others.map((tab, index) => tab.type(`(${index})`)));
    await end(leader);
    await typing;
    for (const tab of others) await tab.type("[after]");
    await allShow(others, "first ", "(0)", "(1)", "(2)", "[after]", "[after]", "[after]");
    for (const tab of others) await tab.saved();
    await eventually(() => socketCount(server)).toBe(1);
    split(others);
    const reader = stockClient(server.url, "document");
    await synced(reader);
    await until(reader.doc, () => reader.text.length === "first (0)(1)(2)[after][after][after]".length);
  });

  test("offline they exchange edits and presence", async () => {
    const [ada, bob] = await openTabs(2);
    if (!ada || !bob) throw new Error("two tabs");
    for (const tab of [ada, bob]) await tab.open(nowhere);
    for (const tab of [ada, bob]) await eventually(() => tab.sharesWithTabs()).toBe(true);
    await ada.type("Ada. ");
    await bob.type("Bob. ");
    await ada.present("Ada");
    await bob.present("Bob");
    await allShow([ada, bob], "Ada. ", "Bob. ");
    await eventually(() => ada.others()).toBe("Bob");
    await eventually(() => bob.others()).toBe("Ada");
    await ada.page.close({ runBeforeUnload: true });
    await eventually(() => bob.others()).toBe("");
  });

  test("the others are still there when the connection goes", async () => {
    const server = await startTestServer();
    const [ada, bob] = await openTabs(2);
    if (!ada || !bob) throw new Error("two tabs");
    for (const tab of [ada, bob]) {
      await tab.open(server.url);
      await tab.synced();
    }
    await ada.present("Ada");
    await bob.present("Bob");
    await eventually(() => ada.others()).toBe("Bob");
    await server.close();
    await eventually(() => ada.page.evaluate(() => window.providerPage.opened[0]?.provider.wsconnected)).toBe(false);
    await eventually(() => ada.others()).toBe("Bob");
    await bob.type("offline");
    await allShow([ada, bob], "offline");
  });

  test("tabs of two people share nothing", async () => {
    const [ada, bob] = await openTabs(2);
    if (!ada || !bob) throw new Error("two tabs");
    await ada.open(nowhere, { token: "ada's" });
    await bob.open(nowhere, { token: "bob's" });
    for (const tab of [ada, bob]) await eventually(() => tab.sharesWithTabs()).toBe(true);
    await ada.type("for Ada");
    const echo = await bob.page.evaluate(async () => {
      // What the channel had to say would be here by then.
      await new Promise((resolve) => setTimeout(resolve, 500));
      return window.providerPage.opened[0]?.text.toString();
    });
    expect(echo).toBe("");
  });

  test("two that were given the same client id end with different ones", async () => {
    const server = await startTestServer();
    const tabs = await openTabs(2);
    for (const tab of tabs) {
      await tab.open(server.url, { clientId: 4711 });
      await tab.synced();
    }
    await eventually(async () => new Set(await Promise.all(tabs.map((tab) => tab.clientId()))).size).toBe(2);
    for (const [index, tab] of tabs.entries()) await tab.type(`(${index})`);
    await allShow(tabs, "(0)", "(1)");
    for (const tab of tabs) await tab.saved();
  });
});
