/** The demo page in a real browser on the real server: what a visitor types, sees, and can trust. */
import type { BrowserContextOptions, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { startServerProcess, type ServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { allAgree, allShow, eventually, visit } from "./demo-page.js";

const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

const fieldNotes = `Field notes, Thursday

The limestone dips to the east at about thirty degrees, and comes up again on the far side of the valley.

- hammer and hand lens in the van
- ask for the survey map`;

const startDemo = async (data: string, port = 0): Promise<ServerProcess> =>
  startServerProcess(data, ["--demo", "--port", String(port)]);

const linkTo = ({ url }: ServerProcess, room: string): string => `${url.replace(/^ws/, "http")}/#${room}`;

describe.skipIf(!isBrowserAvailable())("the demo page", () => {
  let launched: TestBrowser;
  const open = (url: string, options: BrowserContextOptions = {}, prepare?: (page: Page) => Promise<void>) =>
    visit(launched.browser, url, options, prepare);

  beforeAll(async () => {
    launched = await launchBrowser();
  });
  afterAll(async () => {
    await launched.close();
  });

  describe("with people", () => {
    test("a visitor gets a room of their own, and whoever opens the copied link is in it, too", async () => {
      const server = await startDemo(await tempDirectory());
      const ada = await open(linkTo(server, ""), { permissions: ["clipboard-read", "clipboard-write"] });
      await ada.arrived();
      expect(new URL(ada.page.url()).hash).toMatch(/^#[a-z]+-[a-z]+-\d\d$/);
      await ada.page.getByRole("button", { name: "Copy link" }).click();
      await ada.page.getByRole("button", { name: "Copied" }).waitFor();
      const link = await ada.page.evaluate(() => navigator.clipboard.readText());
      expect(link).toBe(ada.page.url());

      const bob = await (await open(link)).arrived();
      await ada.left.type("Ada was here. ");
      await allShow([ada.left, ada.right, bob.left, bob.right], "Ada was here. ");
      await bob.right.type("So was Bob.");
      await allShow([ada.left, ada.right, bob.left, bob.right], "Ada was here. So was Bob.");
    });

    test("people see each other's names, and cursors where the others type", async () => {
      const server = await startDemo(await tempDirectory());
      const ada = await (await open(linkTo(server, "names"))).arrived();
      const bob = await (await open(linkTo(server, "names"))).arrived();
      await ada.left.type("A cursor goes along.");
      const names = await Promise.all([ada.left, ada.right, bob.left].map((pane) => pane.ownName()));
      await eventually(async () => (await bob.right.otherNames()).sort()).toEqual([...names].sort());
      await eventually(() => bob.right.cursorNames()).toEqual([names[0]]);

      await ada.page.context().close();
      await eventually(() => bob.right.otherNames()).toEqual([names[2]]);
      await eventually(() => bob.right.cursorNames()).toEqual([]);
    });

    test("what is typed offline is only in this browser, and comes together when the switch goes back", async () => {
      const server = await startDemo(await tempDirectory());
      const ada = await (await open(linkTo(server, "offline"))).arrived();
      const bob = await (await open(linkTo(server, "offline"))).arrived();
      await ada.left.type("Both. ");
      await allShow([ada.left, ada.right, bob.left, bob.right], "Both. ");
      await ada.left.becomes("saved");

      await ada.left.offlineSwitch.click();
      await ada.left.type("Ada alone. ");
      await bob.left.type("Bob alone. ");
      await allShow([ada.right, bob.left, bob.right], "Both. Bob alone. ");
      expect(await ada.left.text()).toBe("Both. Ada alone. ");
      expect(await ada.left.tone()).toBe("offline");
      expect(await ada.left.sentence.innerText()).toMatch(/^11 edits only in this browser/);
      expect(await ada.left.counts()).toEqual({ inThisBrowser: 17, received: 6, durable: 6 });
      expect(await ada.left.otherNames()).toEqual([]);

      await ada.left.offlineSwitch.click();
      await ada.left.becomes("saved");
      await allAgree([ada.left, ada.right, bob.left, bob.right], ["Both. ", "Ada alone. ", "Bob alone. "]);
      expect(await ada.left.counts()).toEqual({ inThisBrowser: 17, received: 17, durable: 17 });
    });
  });

  describe("when things break", () => {
    test("a server killed with -9 loses nothing it showed as on disk, and everybody comes back by themselves", async () => {
      const data = await tempDirectory();
      const server = await startDemo(data);
      const ada = await (await open(linkTo(server, "crash"))).arrived();
      const bob = await (await open(linkTo(server, "crash"))).arrived();
      const typed =
        "The quick brown fox jumps over the lazy dog while nobody looks, and then again, and again. ".repeat(2);
      const killInTheMiddle = async () => {
        await eventually(async () => (await ada.left.counts()).durable).toBeGreaterThan(40);
        await server.stop("SIGKILL");
      };
      await Promise.all([ada.left.type(typed, 10), killInTheMiddle()]);
      const everyone = [ada.left, ada.right, bob.left, bob.right];
      await Promise.all(everyone.map((pane) => pane.becomes("reconnecting")));
      const { durable, inThisBrowser } = await ada.left.counts();
      expect(durable).toBeLessThan(inThisBrowser);
      expect(await ada.left.sentence.innerText()).toContain(`${inThisBrowser - durable} edits waiting in this browser`);

      // Elsewhere, out of the clients' reach: what is there now was read from disk.
      const elsewhere = await startDemo(data);
      const onDisk = await (await (await open(linkTo(elsewhere, "crash"))).arrived()).left.text();
      expect(onDisk).toContain(typed.slice(0, durable));
      await elsewhere.stop("SIGTERM");

      await bob.right.type("Bob typed on. ");
      const restarted = await startDemo(data, server.port);
      const merged = await allAgree(everyone, ["Bob typed on. "]);
      expect(merged.replace("Bob typed on. ", "")).toBe(typed);
      await Promise.all(everyone.map((pane) => pane.becomes("saved")));
      await bob.left.type("And further.");
      const text = await allAgree(everyone, ["And further."]);
      const late = await (await open(linkTo(restarted, "crash"))).arrived();
      await allShow(late.panes, text);
    });

    test("a link that died without a word is noticed, and nothing claims to be saved meanwhile", async () => {
      const server = await startDemo(await tempDirectory());
      const ada = await (await open(linkTo(server, "tunnel"))).arrived();
      const bob = await (await open(linkTo(server, "tunnel"))).arrived();
      await ada.left.type("Before. ");
      await ada.left.becomes("saved");

      await ada.page.context().setOffline(true);
      await ada.left.insert("In the tunnel. ");
      await eventually(() => ada.left.tone()).toBe("saving");
      expect(await ada.left.counts()).toEqual({ inThisBrowser: 9, received: 8, durable: 8 });
      await ada.left.becomes("reconnecting");
      expect(await ada.left.sentence.innerText()).toContain("1 edit waiting in this browser");
      expect(await bob.left.text()).toBe("Before. ");

      await ada.page.context().setOffline(false);
      await ada.left.becomes("saved");
      await allShow([ada.left, ada.right, bob.left, bob.right], "Before. In the tunnel. ");
    });

    test("until the document is here, no empty page pretends to be it", async () => {
      const server = await startDemo(await tempDirectory());
      const silence = (page: Page) => page.routeWebSocket(/\.syncline/, () => {});
      const { left, page } = await open(linkTo(server, "silent"), {}, silence);
      await eventually(() => left.sentence.innerText()).toBe("Loading the document…");
      expect(await page.locator('.page[aria-busy="true"]').count()).toBe(2);
      expect(await page.locator(".cm-editor").count()).toBe(0);
    });

    test("a server that closes the document for good is quoted, and asked again only when the visitor wants", async () => {
      const server = await startDemo(await tempDirectory());
      let isRefusing = true;
      const refuse = (page: Page) =>
        page.routeWebSocket(/\.syncline/, (socket) => {
          if (isRefusing) void socket.close({ code: 4403, reason: "the field is flooded" });
          else socket.connectToServer();
        });
      const { left } = await open(linkTo(server, "refused"), {}, refuse);
      await left.becomes("closed");
      expect(await left.sentence.innerText()).toBe("The server closed this document: the field is flooded (4403).");
      isRefusing = false;
      await left.root.getByRole("button", { name: "Try again" }).click();
      await left.becomes("saved");
      await left.type("Dry again.");
      await allShow([left], "Dry again.");
    });

    test("leaving a room with edits that are only here is asked about first", async () => {
      const server = await startDemo(await tempDirectory());
      const { left, page } = await (await open(linkTo(server, "kept"))).arrived();
      await left.offlineSwitch.click();
      await left.type("Unsaved.");
      const questions: string[] = [];
      page.once("dialog", (dialog) => {
        questions.push(dialog.message());
        void dialog.dismiss();
      });
      await page.getByRole("link", { name: "New room" }).click();
      await eventually(() => new URL(page.url()).hash).toBe("#kept");
      expect(questions).toEqual(["8 edits are only in this browser. Leave the room and lose them?"]);
      await allShow([left], "Unsaved.");
    });
  });

  describe("as a page", () => {
    test("another room in the address is another document, without a reload", async () => {
      const server = await startDemo(await tempDirectory());
      const { left, right, page } = await (await open(linkTo(server, "first"))).arrived();
      await left.type("In the first room.");
      await left.becomes("saved");
      await page.evaluate(() => (location.hash = "second room/ü"));
      await eventually(() => page.locator('[data-part="room"]').innerText()).toBe("second room/ü");
      await allShow([left, right], "");
      await right.type("In the second.");
      await allShow([left, right], "In the second.");
      await right.becomes("saved");
      await page.goBack();
      await allShow([left, right], "In the first room.");
    });

    test("a room that cannot be is explained instead of opened", async () => {
      const server = await startDemo(await tempDirectory());
      const { page } = await open(linkTo(server, "x".repeat(300)));
      await page.getByText("No room can have this name.").waitFor();
      expect(await page.locator(".pane").count()).toBe(0);
    });

    test("everything can be reached and used with the keyboard", async () => {
      const server = await startDemo(await tempDirectory());
      const { left, right, page } = await (await open(linkTo(server, "keys"))).arrived();
      await eventually(async () => [await left.otherNames(), await right.otherNames()].flat().length).toBe(2);
      const stops: string[] = [];
      const focused = () => {
        const { activeElement: element } = document;
        return element?.getAttribute("aria-label") ?? element?.textContent.trim() ?? "";
      };
      // The demo without its supervisor: its server is not to be killed.
      for (let stop = 0; stop < 14; stop += 1) {
        await page.keyboard.press("Tab");
        stops.push(await page.evaluate(focused));
        if (stops.length !== 9) continue;
        await page.keyboard.press("Space");
        // Whoever is offline is not here any more.
        await eventually(() => right.otherNames()).toEqual([]);
      }
      const [ada, bob] = await Promise.all([left.ownName(), right.ownName()]);
      const initials = [ada, bob].map((name) => name.slice(0, 1));
      expect(stops).toEqual([
        ...["Copy link", "Share…", "New room", "Code", "+20 bots"],
        ...[`${initials[1]}${bob}`, "Network", "</>The code for this pane", `Offline, ${ada}’s pane`],
        `Shared code, ${ada}’s pane`,
        ...["Network", "</>The code for this pane", `Offline, ${bob}’s pane`, `Shared code, ${bob}’s pane`],
      ]);
      expect(await left.offlineSwitch.getAttribute("aria-checked")).toBe("true");
      expect(await right.offlineSwitch.getAttribute("aria-checked")).toBe("false");
      await left.becomes("offline");
      const announcement = left.root.locator('[data-part="announcement"]');
      await eventually(() => announcement.innerText()).toContain("Offline");
    });

    test("nothing fails to load and nothing is complained about", async () => {
      const server = await startDemo(await tempDirectory());
      const ada = await (await open(linkTo(server, "calm"))).arrived();
      await ada.left.type("All is well.");
      await allShow(ada.panes, "All is well.");
      await ada.right.offlineSwitch.click();
      await ada.right.offlineSwitch.click();
      await ada.right.becomes("saved");
      expect(ada.complaints).toEqual([]);
    });

    test.each([
      { name: "desktop-light", options: { colorScheme: "light" } },
      { name: "desktop-dark", options: { colorScheme: "dark" } },
      { name: "phone-light", options: { colorScheme: "light", ...phone } },
      { name: "phone-dark", options: { colorScheme: "dark", ...phone } },
    ] as const)("it fits and keeps its colours apart: $name", async ({ name, options }) => {
      const server = await startDemo(await tempDirectory());
      const ada = await (await open(linkTo(server, "quiet-harbour-42"), options)).arrived();
      const bob = await (await open(linkTo(server, "quiet-harbour-42"))).arrived();
      await ada.left.insert(fieldNotes);
      await allShow([bob.right], fieldNotes);
      await bob.right.type("\n- samples are labelled");
      await allShow([ada.left, ada.right], `${fieldNotes}\n- samples are labelled`);
      await ada.right.type("\n- home");
      await allShow([ada.left], `${fieldNotes}\n- samples are labelled\n- home`);
      await ada.left.type(" by six");
      await ada.left.becomes("saved");
      await ada.right.becomes("saved");
      await ada.page.evaluate(() => scrollTo(0, 0));
      await ada.takePicture(name);
      expect(await widthOverflow(ada.page)).toBe(0);
      const lightness = await backgroundLightness(ada.page);
      if (options.colorScheme === "dark") expect(lightness).toBeLessThan(40);
      else expect(lightness).toBeGreaterThan(200);

      await ada.left.offlineSwitch.click();
      await ada.left.type("\n- and one thing more");
      await ada.left.becomes("offline");
      expect(await widthOverflow(ada.page)).toBe(0);
      await ada.takePicture(`${name}-offline`);
    });
  });
});

/** How many pixels one can scroll sideways. */
async function widthOverflow(page: Page): Promise<number> {
  return page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
}

/** 0 to 255. */
async function backgroundLightness(page: Page): Promise<number> {
  const color = await page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
  const channels = (color.match(/\d+/g) ?? []).slice(0, 3).map(Number);
  return channels.reduce((sum, channel) => sum + channel, 0) / channels.length;
}
