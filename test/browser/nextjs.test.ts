/** examples/nextjs as its reader runs it: installed with the packages as they are published, built, started, and used by two people. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { synced, synclineClient } from "../support/clients.js";
import { collectOutput, startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";

const directory = fileURLToPath(new URL("../../examples/nextjs/", import.meta.url));
const nextBin = `${directory}node_modules/next/dist/bin/next`;
const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 30_000 });

/** Next weighs 380 MB, so it is no part of the workspace. If it is not there, says so where nobody can overlook it. */
function isInstalled(): boolean {
  if (existsSync(nextBin) && hasThisClient()) return true;
  const message = "examples/nextjs is NOT tested. First: npm ci --prefix examples/nextjs";
  const line = "!".repeat(message.length + 8);
  console.warn(`\n${line}\n!!  ${message}  !!\n${line}\n`);
  return false;
}

/** It was installed with the client as it is built now: it has a copy. */
function hasThisClient(): boolean {
  const [installed, built] = [`${directory}node_modules/@syncline/client`, `${directory}../../packages/client`];
  const isSame = (file: string) =>
    existsSync(`${installed}/${file}`) && readFileSync(`${installed}/${file}`).equals(readFileSync(`${built}/${file}`));
  return ["package.json", "dist/index.js", "dist/react/index.js"].every(isSame);
}

function runNext(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [nextBin, ...args], {
    cwd: directory,
    stdio: ["ignore", "pipe", "pipe"],
    env: { PATH: process.env["PATH"], HOME: process.env["HOME"], NEXT_TELEMETRY_DISABLED: "1" },
  });
}

async function build(): Promise<void> {
  const child = runNext("build");
  const output = collectOutput(child);
  const [exitCode] = (await once(child, "close")) as [number | null];
  expect(exitCode, output()).toBe(0);
}

interface Site {
  readonly url: string;
  /** Resolves when the process is gone. */
  readonly stop: () => Promise<void>;
}

async function startSite(): Promise<Site> {
  const child = runNext("start", "--port", "0", "--hostname", "127.0.0.1");
  const output = collectOutput(child);
  const stop = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, "exit");
    child.kill("SIGKILL");
    await exited;
  };
  while (!output().includes("Ready")) {
    if (child.exitCode !== null) throw new Error(`Next did not start: ${output()}`);
    await Promise.race([once(child.stdout as NodeJS.EventEmitter, "data"), once(child, "exit")]);
  }
  const [url] = /http:\/\/127\.0\.0\.1:\d+/.exec(output()) ?? [];
  if (url === undefined) throw new Error(`Next does not say where it listens: ${output()}`);
  return { url, stop };
}

class Visitor {
  readonly page: Page;
  /** Everything the browser complained about; React does so when what the server rendered is not what it expected. */
  readonly complaints: string[] = [];

  constructor(page: Page) {
    this.page = page;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.complaints.push(message.text());
    });
    page.on("pageerror", (error) => this.complaints.push(String(error)));
  }

  async type(text: string): Promise<void> {
    await this.page.getByRole("textbox").click();
    await this.page.keyboard.type(text);
  }

  async add(): Promise<void> {
    await this.page.keyboard.press("Enter");
  }

  items(): Promise<string[]> {
    return this.page.locator("li").allInnerTexts();
  }

  async seesItems(...items: readonly string[]): Promise<void> {
    await eventually(() => this.items()).toEqual(items);
  }

  async seesSaved(): Promise<void> {
    await eventually(() => this.page.locator("#status").innerText()).toBe("Saved on the server's disk");
  }
}

describe.skipIf(!isBrowserAvailable() || !isInstalled())("the Next.js recipe", () => {
  let site: Site;
  let launched: TestBrowser;
  beforeAll(async () => {
    await build();
    [site, launched] = await Promise.all([startSite(), launchBrowser()]);
  }, 400_000);
  afterAll(async () => {
    await Promise.all([site?.stop(), launched?.close()]);
  });

  const address = (server: string, name: string, color: string): string =>
    `${site.url}/?${new URLSearchParams({ server, room: "notes", name, color }).toString()}`;

  async function visit(server: string, name: string, color: string): Promise<Visitor> {
    const context = await launched.browser.newContext({ viewport: { width: 900, height: 600 } });
    onTestFinished(() => context.close());
    const visitor = new Visitor(await context.newPage());
    await visitor.page.goto(address(server, name, color));
    return visitor;
  }

  test("comes from the server with its content, before any script runs", async () => {
    const html = await (await fetch(address("ws://127.0.0.1:9", "Ada", "#a8512a"))).text();
    expect(html).toContain("<h1>Next.js</h1>");
    expect(html).toMatch(/id="status"[^>]*>Connecting</);
    expect(html).toMatch(/<form[^>]*><input[^>]*name="note"/);
  });

  test("two people add to one list, see each other type, and what they see as saved is on disk", async () => {
    const server = await startServerProcess(await tempDirectory());
    const ada = await visit(server.url, "Ada", "#a8512a");
    const grace = await visit(server.url, "Grace", "#3f6fc4");
    await ada.seesItems("Grace");
    await grace.seesItems("Ada");
    await ada.type("Hello");
    await grace.seesItems("Ada Hello");
    await ada.add();
    await grace.seesItems("Hello", "Ada");
    await grace.type("Good evening");
    await ada.seesItems("Hello", "Grace Good evening");
    await ada.page.screenshot({ path: fileURLToPath(new URL("../screenshots/example-nextjs.png", import.meta.url)) });
    await grace.add();
    await ada.seesItems("Hello", "Good evening", "Grace");
    await ada.seesSaved();
    await grace.seesSaved();

    await grace.page.reload();
    await grace.seesItems("Hello", "Good evening", "Ada");
    const newcomer = synclineClient(server.url, "notes");
    await synced(newcomer);
    expect(newcomer.doc.getArray("notes").toArray()).toEqual(["Hello", "Good evening"]);
    expect([ada.complaints, grace.complaints]).toEqual([[], []]);
  });

  test("what was typed while the server was away is saved when it is back", async () => {
    const data = await tempDirectory();
    const server = await startServerProcess(data);
    const ada = await visit(server.url, "Ada", "#a8512a");
    await ada.type("Before");
    await ada.add();
    await ada.seesSaved();
    await server.stop("SIGKILL");
    await ada.type("Meanwhile");
    await ada.add();
    await eventually(() => ada.page.locator("#status").innerText()).toBe("Offline. Edits only in this browser: 1");
    await startServerProcess(data, ["--port", String(server.port)]);
    await ada.seesSaved();
    const newcomer = synclineClient(server.url, "notes");
    await synced(newcomer);
    expect(newcomer.doc.getArray("notes").toArray()).toEqual(["Before", "Meanwhile"]);
  });
});
