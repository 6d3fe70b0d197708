/**
 * A walk through all of the demo, in one go, as a visitor might take it. On the way the README's pictures are taken:
 * `npm run pictures` puts them where the README has them; otherwise they are there to be looked at.
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { startDemoProcess } from "../support/demo-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { allShow, eventually, visit } from "./demo-page.js";

/** Where the README's go. */
const pictures = process.env["SYNCLINE_PICTURES"] ?? fileURLToPath(new URL("../screenshots", import.meta.url));

/** As people type: what the bars show is how long the server takes, not how long the browser does. */
const keyPauseMs = 50;

const takePicture = (page: Page, name: string) =>
  page.screenshot({ path: join(pictures, `${name}.png`), animations: "disabled" });

const code = `// how far a layer leans, in degrees
export function dip(layer) {
  return Math.atan2(layer.fall, layer.run) * 57.3;
}
`;

describe.skipIf(!isBrowserAvailable())("a walk through the demo", () => {
  let launched: TestBrowser;
  beforeAll(async () => {
    launched = await launchBrowser();
  });
  afterAll(() => launched.close());

  test.each(["light", "dark"] as const)("%s", async (colorScheme) => {
    const demo = await startDemoProcess(await tempDirectory());
    const link = `${demo.http}/#quiet-harbour-42`;
    const ada = await (await visit(launched.browser, link, { colorScheme })).arrived();
    await ada.left.insert(code);
    await allShow([ada.right], code);
    await ada.right.type("// typed in the other pane", keyPauseMs);
    await ada.right.becomes("saved");
    await allShow([ada.left], `${code}// typed in the other pane`);
    await ada.right.offlineSwitch.click();
    await ada.right.type(", and this while offline", keyPauseMs);
    await ada.right.becomes("offline");
    await ada.left.becomes("saved");
    await takePicture(ada.page, `demo-code-${colorScheme}`);

    await ada.right.offlineSwitch.click();
    await allShow([ada.left], `${code}// typed in the other pane, and this while offline`);
    await ada.page.getByRole("button", { name: "Crash the server" }).click();
    await ada.left.type("\n// typed while the server was dead", keyPauseMs);
    await eventually(() => ada.page.locator(".crash-report").innerText()).toMatch(
      /All \d+ edits that showed as on disk/,
    );
    for (const pane of ada.panes) await pane.becomes("saved");
    await takePicture(ada.page, `demo-crash-${colorScheme}`);

    await ada.page.getByRole("button", { name: "+20 bots" }).click();
    await ada.chooseView("Board");
    const board = ada.left.root.locator('[aria-roledescription="drawing board"]');
    await eventually(() => board.getAttribute("aria-label")).toMatch(/(\d{2,}) lines/);
    await takePicture(ada.page, `demo-board-${colorScheme}`);
    for (const view of ["To do", "Rich text"] as const) await ada.chooseView(view);
    await eventually(() => ada.left.root.locator(".tiptap").innerText()).toMatch(/\S{4,}/);
    await ada.takePicture(`demo-text-${colorScheme}`);
    await ada.page.getByRole("button", { name: "Send the bots home" }).click();
    await ada.page.getByRole("button", { name: "+20 bots" }).waitFor();

    await ada.page.getByRole("button", { name: "Share…" }).click();
    await ada.page.locator(".qr svg").waitFor();
    await ada.takePicture(`demo-share-${colorScheme}`);
    await ada.page.keyboard.press("Escape");
    await ada.left.root.getByRole("button", { name: "The code for this pane" }).click();
    await ada.page.getByText("CollaborationCaret").first().waitFor();
    await ada.takePicture(`demo-source-${colorScheme}`);
    expect(ada.complaints.filter((complaint) => !isOfCrash(complaint))).toEqual([]);
  });

  test("phone", async () => {
    const demo = await startDemoProcess(await tempDirectory());
    const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };
    const ada = await visit(launched.browser, `${demo.http}/#quiet-harbour-42&todo`, { ...phone, colorScheme: "dark" });
    const add = ada.left.root.getByRole("textbox", { name: "Add something to do" });
    for (const text of ["hammer and hand lens", "the survey map", "label the samples"]) {
      await add.fill(text);
      await add.press("Enter");
    }
    await eventually(() => ada.right.root.getByRole("checkbox").count()).toBe(3);
    await ada.right.root.getByRole("checkbox").first().check();
    await ada.left.becomes("saved");
    await ada.left.root.scrollIntoViewIfNeeded();
    await ada.takePicture("demo-phone");
    const overflow = () => document.documentElement.scrollWidth - document.documentElement.clientWidth;
    for (const view of ["Code", "Rich text", "Board", "To do"] as const) {
      await ada.chooseView(view);
      expect(await ada.page.evaluate(overflow)).toBe(0);
    }
  });
});

/** Browsers say so when a server is not there. */
function isOfCrash(complaint: string): boolean {
  return /ERR_CONNECTION|ERR_EMPTY_RESPONSE|ERR_SOCKET|WebSocket connection|\.syncline\/demo/.test(complaint);
}
