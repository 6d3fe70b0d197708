/** The board's recipe as its reader runs it: lines are not text, so it is drawn on and looked at in ways of its own. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { readsNames, type ExampleCase } from "./example-cases.js";
import { ExamplePerson, eventually } from "./example-person.js";
import { examplesDirectory, ExampleSite } from "./example-site.js";

/** `write` draws a line from left to right at that height of the board, in percent; `read` says how many lines there are. */
const board: ExampleCase = {
  folder: "board",
  page: "index.html",
  write: async (page, height) => {
    const { x, y, width, height: most } = (await page.locator("#board").boundingBox()) ?? raise("there is no board");
    const at = y + (most * Number(height)) / 100;
    await page.mouse.move(x + 0.1 * width, at);
    await page.mouse.down();
    await page.mouse.move(x + 0.9 * width, at, { steps: 12 });
    await page.mouse.up();
  },
  read: async (page) => (await page.locator("#board").getAttribute("aria-label")) ?? "",
  names: readsNames("#people:not(:empty)"),
  content: () => "",
};

const cases = (["index.html", "react.html"] as const).map((page) => [page, { ...board, page }] as const);

describe.skipIf(!isBrowserAvailable())("the board's recipe", () => {
  let site: ExampleSite;
  let launched: TestBrowser;
  beforeAll(async () => {
    [site, launched] = await Promise.all([ExampleSite.start(), launchBrowser()]);
  });
  afterAll(async () => {
    await Promise.all([site.close(), launched.close()]);
  });

  test.each(cases)("%s: lines drawn by two people, one of them offline, are on both boards", async (_, example) => {
    const server = await startServerProcess(await tempDirectory());
    const url = await site.urlOf(example.folder, example.page);
    const arrive = (name: string, color: string) =>
      ExamplePerson.arrive(example, {
        browser: launched.browser,
        url,
        server: server.url,
        room: "sketch",
        name,
        color,
      });
    const ada = await arrive("Ada", "#a8512a");
    const grace = await arrive("Grace", "#3f6fc4");
    await ada.write("20");
    await eventually(() => inkAt(grace.page, 20)).toBe("#a8512a");
    await ada.seesPeople("Grace");

    await grace.goOffline();
    await grace.write("50");
    await ada.write("80");
    expect(await inkAt(ada.page, 50)).toBe("none");
    await grace.goOnline();
    for (const { page } of [ada, grace]) {
      await eventually(() => inkAt(page, 50)).toBe("#3f6fc4");
      await eventually(() => inkAt(page, 80)).toBe("#a8512a");
    }
    await ada.sees("Lines on the board: 3");
    await ada.seesSaved();
    await grace.seesSaved();
    await ada.takePicture(`example-board-${example.page.replace(".html", "")}`);

    grace.expectNetwork(true);
    await grace.page.reload();
    await grace.sees("Lines on the board: 3");
    await ada.page.keyboard.press("Control+z");
    await grace.sees("Lines on the board: 2");
    await eventually(() => inkAt(grace.page, 80)).toBe("none");
    expect([ada.complaints, grace.complaints]).toEqual([[], []]);
  });
});

describe("the board's files", () => {
  test.each(["main.ts", "react.tsx"])("%s has at most 40 lines", async (script) => {
    expect((await read(script)).trimEnd().split("\n").length).toBeLessThanOrEqual(40);
  });

  test("the README says which versions work together, as package.json does", async () => {
    const { dependencies } = JSON.parse(await read("package.json")) as { dependencies: Record<string, string> };
    const readme = await read("README.md");
    const pinned = Object.entries(dependencies).map(([name, version]) => `${name}@${version}`);
    expect(pinned.filter((dependency) => !readme.includes(dependency))).toEqual([]);
  });
});

const read = (file: string): Promise<string> => readFile(join(examplesDirectory, "board", file), "utf8");

/** The colour of the line that crosses the middle of the board near that height, in percent. */
async function inkAt(page: Page, height: number): Promise<string> {
  return page.locator("#board").evaluate((element, percent) => {
    const board = element as HTMLCanvasElement;
    // A copy: to read from the board itself would change how the browser draws on it.
    const copy = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
    copy?.drawImage(board, -board.width / 2, -Math.round((board.height * percent) / 100));
    const [red = 0, green = 0, blue = 0, opacity = 0] = copy?.getImageData(0, 0, 1, 1).data ?? [];
    const hex = [red, green, blue].map((channel) => channel.toString(16).padStart(2, "0")).join("");
    return opacity === 255 ? `#${hex}` : "none";
  }, height);
}

function raise(message: string): never {
  throw new Error(message);
}
