/** Each recipe in examples/ as its reader runs it: built, on the real server, with two people, a network that goes, and a reload. */
import { existsSync } from "node:fs";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { isBrowserAvailable, launchBrowser, type TestBrowser } from "../support/browser.js";
import { synced, synclineClient, type SynclineClient } from "../support/clients.js";
import { startServerProcess, type ServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { exampleCases, type ExampleCase } from "./example-cases.js";
import { ExamplePerson, eventually } from "./example-person.js";
import { examplesDirectory, ExampleSite } from "./example-site.js";

const longestScript = 40;
const folders = [...new Set(exampleCases.map(({ folder }) => folder))];
const cases = exampleCases.map((example) => [`${example.folder}/${example.page}`, example] as const);

const textOf = (...path: readonly string[]): Promise<string> => readFile(join(examplesDirectory, ...path), "utf8");

describe.skipIf(!isBrowserAvailable())("a recipe's page", () => {
  let site: ExampleSite;
  let launched: TestBrowser;
  beforeAll(async () => {
    [site, launched] = await Promise.all([ExampleSite.start(), launchBrowser()]);
  });
  afterAll(async () => {
    await Promise.all([site.close(), launched.close()]);
  });

  async function arrive(example: ExampleCase, server: ServerProcess, person: { name: string; color: string }) {
    const url = await site.urlOf(example.folder, example.page);
    return ExamplePerson.arrive(example, {
      browser: launched.browser,
      url,
      server: server.url,
      room: "notes",
      ...person,
    });
  }

  test.each(cases)("%s: two people write, also offline, and undo their own", async (_, example) => {
    const data = await tempDirectory();
    const server = await startServerProcess(data);
    const ada = await arrive(example, server, { name: "Ada", color: "#a8512a" });
    const grace = await arrive(example, server, { name: "Grace", color: "#3f6fc4" });
    await ada.write("Ada was here. ");
    await grace.sees("Ada was here. ");
    await grace.write("So was Grace. ");
    await ada.sees("So was Grace. ");
    await ada.seesPeople("Grace");
    await grace.seesPeople("Ada");
    await ada.seesSaved();
    await grace.seesSaved();
    await ada.takePicture(`example-${example.folder}-${example.page.replace(".html", "")}`);

    await grace.goOffline();
    await grace.write("In the tunnel. ");
    await ada.write("Above the ground. ");
    expect(await grace.status()).not.toMatch(/^saved/i);
    await grace.goOnline();
    const all = ["Ada was here. ", "So was Grace. ", "In the tunnel. ", "Above the ground. "];
    await ada.sees(...all);
    await grace.sees(...all);
    await grace.seesSaved();
    await expectAgreed(example, server, [ada, grace]);

    grace.expectNetwork(true);
    await grace.page.reload();
    await grace.sees(...all);
    await grace.write("Regards. ");
    await ada.sees("Regards. ");
    await ada.seesPeople("Grace");
    await ada.writeBefore("And Ada. ");
    await grace.sees("And Ada. ");
    await grace.undoes("Regards. ", [...all, "And Ada. "]);
    await grace.seesSaved();
    await expectAgreed(example, server, [ada, grace]);
    expect([ada.complaints, grace.complaints]).toEqual([[], []]);
  });

  test.each(cases.filter(([, { isKept }]) => isKept === true))(
    "%s: a reload while there is no server shows the document, and what is typed then is saved later",
    async (_, example) => {
      const data = await tempDirectory();
      const server = await startServerProcess(data);
      const ada = await arrive(example, server, { name: "Ada", color: "#a8512a" });
      await ada.write("Before. ");
      await ada.seesSaved();
      ada.expectNetwork(false);
      await server.stop("SIGKILL");
      await ada.page.reload();
      await ada.sees("Before. ");
      await ada.write("Meanwhile. ");
      expect(await ada.status()).not.toMatch(/^saved/i);
      await ada.sees("Meanwhile. ");
      await ada.seesStored();
      await ada.page.reload();
      await ada.sees("Before. ", "Meanwhile. ");
      const restarted = await startServerProcess(data, ["--port", String(server.port)]);
      await ada.seesSaved();
      await expectAgreed(example, restarted, [ada]);
      expect(ada.complaints).toEqual([]);
    },
  );

  test.each(cases)("%s: what somebody says of themselves cannot restyle the page", async (_, example) => {
    const server = await startServerProcess(await tempDirectory());
    const ada = await arrive(example, server, { name: "Ada", color: "#a8512a" });
    await ada.write("Ada was here. ");
    await ada.seesSaved();
    const mallory = synclineClient(server.url, "notes");
    await synced(mallory);
    const seen = () => stateOfAnother(mallory);
    await eventually(seen).toBeDefined();
    const user = {
      name: 'Mallory"; } * { z-index: 31337 }',
      color: "red; z-index: 31337",
      colorLight: "red; z-index: 31337",
    };
    // Beside the cursor, where Lexical has it, and in whatever the page keeps its cursor under.
    const state = { ...seen(), ...user, user };
    const parts = Object.entries(state).map(([key, part]) => [key, isObject(part) ? { ...part, ...user, user } : part]);
    mallory.provider.awareness.setLocalState(Object.fromEntries(parts));
    await eventually(() => example.names(ada.page)).not.toEqual([]);
    const isRestyled = () =>
      [...document.querySelectorAll("*")].some((one) => getComputedStyle(one).zIndex === "31337");
    expect(await ada.page.evaluate(isRestyled)).toBe(false);
  });

  test.each(cases)("%s: a cursor that is junk neither stops the page nor deletes a letter", async (_, example) => {
    const server = await startServerProcess(await tempDirectory());
    const ada = await arrive(example, server, { name: "Ada", color: "#a8512a" });
    const grace = await arrive(example, server, { name: "Grace", color: "#3f6fc4" });
    await ada.write("Ada was here. ");
    await grace.sees("Ada was here. ");
    await grace.write("So was Grace. ");
    await ada.sees("So was Grace. ");
    const witness = synclineClient(server.url, "notes");
    await synced(witness);
    const mallories = junkCursors.map((junk) => {
      const { provider } = synclineClient(server.url, "notes");
      const keys = Object.keys(stateOfAnother(witness) ?? {});
      const parts = keys.filter((key) => key !== "user").map((key) => [key, junk] as const);
      provider.awareness.setLocalState({ ...Object.fromEntries(parts), ...junk, user: { name: "Mallory" } });
      return provider.awareness.clientID;
    });
    // What the server relays after that comes to the pages after it, too.
    const relayed = () => mallories.every((clientId) => witness.provider.awareness.getStates().has(clientId));
    await eventually(relayed).toBe(true);
    await ada.write("Still here. ");
    await grace.sees("Still here. ");
    await grace.write("Nothing lost. ");
    await ada.sees("Ada was here. ", "So was Grace. ", "Still here. ", "Nothing lost. ");
    await grace.sees("Ada was here. ", "So was Grace. ", "Still here. ", "Nothing lost. ");
    await expectAgreed(example, server, [ada, grace]);
    expect([ada.complaints, grace.complaints]).toEqual([[], []]);
  });
});

/** In the fields of all bindings at once. */
const junkCursors = [{}, 5, { item: { client: -1, clock: "0" } }, { type: 5 }, { tname: { length: 1 } }].flatMap(
  (junk) => [
    { cursor: { anchor: junk, head: junk }, selection: { anchor: junk, head: junk }, ...lexicalCaret(junk) },
    { cursor: junk, selection: junk, focusing: true },
  ],
);

function lexicalCaret(position: unknown) {
  return { anchorPos: position, focusPos: position, focusing: true };
}

function stateOfAnother({ provider }: SynclineClient): Readonly<Record<string, unknown>> | undefined {
  const others = [...provider.awareness.getStates()].filter(([clientId]) => clientId !== provider.awareness.clientID);
  return others[0]?.[1];
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** Resolves when all pages show the same, which is what the server gives to a newcomer. */
async function expectAgreed(example: ExampleCase, server: ServerProcess, people: readonly ExamplePerson[]) {
  const newcomer = synclineClient(server.url, "notes");
  await synced(newcomer);
  const content = example.content(newcomer.doc);
  newcomer.destroy();
  for (const person of people) await eventually(() => person.read()).toBe(content);
}

describe("a recipe", () => {
  test("is in the list of examples/index.html, with each of its pages", async () => {
    const linked = [...(await textOf("index.html")).matchAll(/href="([^":]+\.html)"/g)].map(([, path]) => path);
    const names = await readdir(examplesDirectory);
    const paths = names.flatMap((name) => [`${name}/index.html`, `${name}/react.html`]);
    const pages = paths.filter((path) => existsSync(join(examplesDirectory, path)));
    expect(linked.sort()).toEqual(pages.sort());
  });

  test.each(cases)(
    `%s: the script can be read in one go: at most ${longestScript} lines`,
    async (_, { folder, page }) => {
      const [, script = ""] = /<script type="module" src="\.\/([^"]+)"/.exec(await textOf(folder, page)) ?? [];
      const lines = (await textOf(folder, script)).trimEnd().split("\n");
      expect(lines.length).toBeLessThanOrEqual(longestScript);
    },
  );

  test.each(folders)("%s: its README says which versions work together, as package.json does", async (folder) => {
    const manifest = JSON.parse(await textOf(folder, "package.json")) as { dependencies: Record<string, string> };
    const readme = await textOf(folder, "README.md");
    const pinned = Object.entries(manifest.dependencies).map(([name, version]) => `${name}@${version}`);
    expect(pinned.filter((dependency) => !readme.includes(dependency))).toEqual([]);
  });
});
