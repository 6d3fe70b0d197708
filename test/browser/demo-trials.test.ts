/** What a visitor of the demo can put the server through, and see: a bad network, a crowd, a kill -9, and the code for it all. */
import type { BrowserContextOptions } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { startDemoProcess } from "../support/demo-process.js";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { allShow, eventually, visit } from "./demo-page.js";

describe.skipIf(!isBrowserAvailable())("the demo's trials", () => {
  let launched: TestBrowser;
  const open = (url: string, options: BrowserContextOptions = {}) => visit(launched.browser, url, options);
  beforeAll(async () => {
    launched = await launchBrowser();
  });
  afterAll(() => launched.close());

  test("the server is killed by the page and nothing that showed as on its disk is missing", async () => {
    const demo = await startDemoProcess(await tempDirectory());
    const ada = await (await open(`${demo.http}/#crash`)).arrived();
    await ada.left.type("On the disk before. ");
    await ada.left.becomes("saved");
    await ada.page.getByRole("button", { name: "Crash the server" }).click();
    await ada.left.becomes("reconnecting");
    await ada.left.type("Typed while it was down. ");
    const report = ada.page.locator(".crash-report");
    await eventually(() => report.innerText()).toMatch(/^Killed with kill -9 and back after [\d.]+ s\./);
    expect(await report.innerText()).toMatch(/All 20 edits that showed as on disk are there\.$/);
    await allShow(ada.panes, "On the disk before. Typed while it was down. ");
    for (const pane of ada.panes) await pane.becomes("saved");
    const late = await (await open(`${demo.http}/#crash`)).arrived();
    await allShow(late.panes, "On the disk before. Typed while it was down. ");
  });

  test("a server that nobody would start again cannot be killed by the page", async () => {
    const server = await startServerProcess(await tempDirectory(), ["--demo"]);
    const ada = await (await open(`${server.url.replace(/^ws/, "http")}/#safe`)).arrived();
    await ada.left.type("Safe.");
    await ada.left.becomes("saved");
    expect(await ada.page.getByRole("button", { name: "Crash the server" }).isVisible()).toBe(false);
    expect(ada.complaints).toEqual([]);
  });

  test("on a slow and lossy network edits take longer, and none is lost", async () => {
    const server = await startServerProcess(await tempDirectory(), ["--demo"]);
    const ada = await (await open(`${server.url.replace(/^ws/, "http")}/#moor`)).arrived();
    await ada.left.root.getByText("Network").click();
    await ada.left.root.getByRole("slider", { name: "Round trip" }).fill("36");
    await ada.left.root.getByRole("slider", { name: "Packets lost" }).fill("4");
    await ada.page.keyboard.press("Escape");
    await ada.left.type("Over the moor.");
    await eventually(() => ada.left.tone()).toBe("saving");
    expect((await ada.left.counts()).durable).toBeLessThan(14);
    await allShow(ada.panes, "Over the moor.");
    await ada.left.becomes("saved");
    expect(await ada.left.counts()).toEqual({ inThisBrowser: 14, received: 14, durable: 14 });
    expect(await ada.left.root.locator(".edit-bars rect").count()).toBe(14);
    await eventually(() => ada.left.root.locator(".edit-trail").innerText()).toMatch(/median ([\d.]+ s|[3-9]\d\d ms)/);
    expect(ada.complaints).toEqual([]);
  });

  test("what others wrote while a pane was away is marked for a moment when it comes back", async () => {
    const server = await startServerProcess(await tempDirectory(), ["--demo"]);
    const ada = await (await open(`${server.url.replace(/^ws/, "http")}/#away`)).arrived();
    await ada.left.type("Before. ");
    await allShow(ada.panes, "Before. ");
    await ada.left.offlineSwitch.click();
    await ada.right.type("Meanwhile. ");
    await ada.right.becomes("saved");
    const marked = ada.left.root.locator(".merged-text");
    const seen = marked.waitFor({ state: "attached" }).then(() => marked.allInnerTexts());
    await ada.left.offlineSwitch.click();
    expect((await seen).join("")).toBe("Meanwhile. ");
    await eventually(() => marked.count()).toBe(0);
    await ada.right.type("Now.");
    await allShow(ada.panes, "Before. Meanwhile. Now.");
    expect(await marked.count()).toBe(0);
  });

  test("twenty bots come, work in the view that is shown, and leave the room as it was", async () => {
    const server = await startServerProcess(await tempDirectory(), ["--demo"]);
    const ada = await (await open(`${server.url.replace(/^ws/, "http")}/#crowd`)).arrived();
    await ada.left.type("Mine.");
    await ada.left.becomes("saved");
    await ada.page.getByRole("button", { name: "+20 bots" }).click();
    await eventually(() => ada.left.root.locator(".people .more").innerText()).toBe("+17");
    await eventually(() => ada.left.text()).toMatch(/Mine\.[^]*\S{3,}/);
    await ada.chooseView("To do");
    await eventually(() => ada.left.root.getByRole("checkbox").count()).toBeGreaterThan(0);
    await ada.page.getByRole("button", { name: "Send the bots home" }).click();
    await eventually(() => ada.left.otherNames()).toEqual([await ada.right.ownName()]);
    await ada.page.getByRole("button", { name: "+20 bots" }).waitFor();
    await eventually(() => ada.left.root.getByRole("checkbox").count()).toBe(0);
    await ada.chooseView("Code");
    await ada.arrived();
    await allShow(ada.panes, "Mine.");
    expect(ada.complaints).toEqual([]);
  });

  test("the code for a pane is the recipe's, for vanilla and for React, and can be copied", async () => {
    const server = await startServerProcess(await tempDirectory(), ["--demo"]);
    const permissions = ["clipboard-read", "clipboard-write"];
    const ada = await (await open(`${server.url.replace(/^ws/, "http")}/#code`, { permissions })).arrived();
    const button = ada.left.root.getByRole("button", { name: "The code for this pane" });
    await button.click();
    const dialog = ada.page.getByRole("dialog", { name: "The code for this pane" });
    await dialog.getByText("yCollab").first().waitFor();
    await dialog.getByRole("tab", { name: "React" }).click();
    await dialog.getByText("@syncline/client/react").first().waitFor();
    await dialog.getByRole("button", { name: "Copy" }).last().click();
    expect(await ada.page.evaluate(() => navigator.clipboard.readText())).not.toBe("");
    await ada.page.keyboard.press("Escape");
    await eventually(() => dialog.count()).toBe(0);
    expect(await button.evaluate((element) => element === document.activeElement)).toBe(true);
    expect(ada.complaints).toEqual([]);
  });
});
