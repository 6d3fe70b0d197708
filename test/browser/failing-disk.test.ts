/** What a visitor of the demo page sees when the server's disk fails, and when the document is deleted. */
import { fileURLToPath } from "node:url";
import type { Respond } from "@syncline/server";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { faultyServer, type FaultyServer } from "../support/faulty-server.js";
import { diskError } from "../support/faulty-store.js";
import { allShow, eventually, visit } from "./demo-page.js";

const pageDirectory = fileURLToPath(new URL("../../packages/server/demo-page", import.meta.url));
const linkTo = ({ url }: FaultyServer, room: string): string => `${url.replace(/^ws/, "http")}/#${room}`;

/** The page asks whether its server can be killed; this is how `serve --demo` answers. */
const respond: Respond = ({ url }, response) => {
  if (url === "/.syncline/demo") response.end('{"canCrash":false}');
  return url === "/.syncline/demo";
};

describe.skipIf(!isBrowserAvailable())("the demo page", () => {
  let launched: TestBrowser;
  beforeAll(async () => {
    launched = await launchBrowser();
  });
  afterAll(() => launched.close());

  test("while the disk is full it says so, keeps what is typed, and sends it when there is room again", async () => {
    const server = await faultyServer({ pageDirectory, respond });
    const ada = await (await visit(launched.browser, linkTo(server, "full"))).arrived();
    await ada.left.type("Saved. ");
    await allShow(ada.panes, "Saved. ");
    await ada.left.becomes("saved");

    server.store.writes.fail(diskError("ENOSPC"));
    await ada.left.type("Kept ");
    await ada.left.becomes("held");
    await ada.left.type("here.");
    await eventually(() => ada.left.sentence.innerText()).toMatch(/disk is full.*10 edits are kept in this tab/);
    expect(await ada.right.text()).toBe("Saved. ");
    await ada.takePicture("desktop-disk-full");
    const bob = await (await visit(launched.browser, linkTo(server, "full"))).arrived();
    await allShow(bob.panes, "Saved. ");
    await bob.left.becomes("held");

    server.store.heal();
    await allShow([...ada.panes, ...bob.panes], "Saved. Kept here.");
    for (const pane of [...ada.panes, ...bob.panes]) await pane.becomes("saved");
    expect(ada.complaints).toEqual([]);
  });

  test("when the document is deleted the text stays on the page to be copied, and nobody is told to try again", async () => {
    const server = await faultyServer({ pageDirectory });
    const ada = await (await visit(launched.browser, linkTo(server, "gone"))).arrived();
    await ada.left.type("Written before.");
    await ada.right.becomes("saved");
    await ada.left.becomes("saved");
    await server.server.documents.delete("gone");
    for (const pane of ada.panes) {
      await pane.becomes("gone");
      expect(await pane.text()).toBe("Written before.");
      expect(await pane.sentence.innerText()).toMatch(/deleted on the server/);
    }
    expect(await ada.page.getByRole("button", { name: "Try again" }).count()).toBe(0);
  });
});
