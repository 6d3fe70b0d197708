/** A provider with its copy in a browser's IndexedDB, and the real server: reloads, tabs, and a document that went away meanwhile. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { BrowserContext, CDPSession, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { build } from "vite";
import * as Y from "yjs";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { synced, synclineClient, textOnServer } from "../support/clients.js";
import { collectOutput, runCli, startServerProcess, type ServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import type { PageOptions } from "./offline-provider-page.js";

const documentName = "notes";
const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 20_000, interval: 20 });

interface Site {
  readonly url: string;
  close(): void;
}

/** The page, on an origin of its own, from the packages as they are published. */
async function startSite(): Promise<Site> {
  const built = await build({
    configFile: false,
    logLevel: "error",
    base: "./",
    build: {
      write: false,
      minify: false,
      modulePreload: false,
      rollupOptions: {
        input: fileURLToPath(new URL("offline-provider-page.ts", import.meta.url)),
        output: { entryFileNames: "page.js" },
      },
    },
  });
  const [result] = [built].flat();
  if (!result || !("output" in result)) throw new Error("the page was not built");
  const scripts = new Map<string, string>(
    result.output.flatMap((part) => (part.type === "chunk" ? [[`/${part.fileName}`, part.code] as const] : [])),
  );
  const html = "<!doctype html><title>offline</title><script type=module src=/page.js></script>";
  const server = createServer(({ url = "/" }, response) => {
    const script = scripts.get(url);
    response.setHeader("content-type", script === undefined ? "text/html" : "text/javascript");
    response.end(script ?? html);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/`, close: () => server.close() };
}

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
    await this.#checkComplaints();
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

  /** Everything is stored here, and with it up to where. */
  async stored(): Promise<void> {
    await eventually(async () => (await this.status()).offline).toBe("saved");
    await eventually(() => this.page.evaluate(storedPosition)).toBeTruthy();
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
    await this.#checkComplaints();
    await this.page.close();
  }

  async #checkComplaints(): Promise<void> {
    expect(await this.page.evaluate(() => window.offlineProviderPage.complaints)).toEqual([]);
  }
}
