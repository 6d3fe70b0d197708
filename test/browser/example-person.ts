/** A person with a recipe's page open, in a browser of their own. */
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { expect, onTestFinished } from "vitest";
import * as Y from "yjs";
import type { ExampleCase } from "./example-cases.js";

export const eventually = <Value>(ask: () => Value) => expect.poll(ask, { timeout: 30_000 });

export interface Visit {
  readonly browser: Browser;
  /** Of the page, without a query. */
  readonly url: string;
  /** Of the sync server. */
  readonly server: string;
  readonly room: string;
  readonly name: string;
  readonly color: string;
}

export class ExamplePerson {
  readonly name: string;
  readonly page: Page;
  readonly #example: ExampleCase;
  readonly #complaints: string[] = [];
  #isNetworkExpected = true;

  constructor(example: ExampleCase, name: string, page: Page) {
    this.#example = example;
    this.name = name;
    this.page = page;
    page.on("console", (message) => {
      if (["error", "warning"].includes(message.type())) this.#complain(message.text());
    });
    page.on("pageerror", (error) => this.#complain(String(error)));
  }

  static async arrive(
    example: ExampleCase,
    { browser, url, server, room, name, color }: Visit,
  ): Promise<ExamplePerson> {
    const context = await browser.newContext({ viewport: { width: 900, height: 600 } });
    onTestFinished(() => context.close());
    const person = new ExamplePerson(example, name, await context.newPage());
    await person.page.goto(`${url}?${new URLSearchParams({ server, room, name, color }).toString()}`);
    return person;
  }

  /** Everything the browser complained about, but for the network where none was to be had. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  write(text: string): Promise<void> {
    return this.#example.write(this.page, text);
  }

  read(): Promise<string> {
    return this.#example.read(this.page);
  }

  /** Resolves when the page shows all of `pieces`. */
  async sees(...pieces: readonly string[]): Promise<void> {
    await eventually(() => this.read()).toSatisfy((text: string) => pieces.every((piece) => text.includes(piece)));
  }

  /** Resolves when the others' names are exactly these. */
  async seesPeople(...names: readonly string[]): Promise<void> {
    await eventually(() => this.#example.names(this.page)).toEqual(names);
  }

  /** Before what the others wrote, having written already. */
  async writeBefore(text: string): Promise<void> {
    if (this.#example.writeBefore) return this.#example.writeBefore(this.page, text);
    await this.page.keyboard.press("Control+Home");
    await this.page.keyboard.type(text);
  }

  /** By key, until `mine` is gone: what was typed slowly goes in pieces. `others` must still be there then. */
  async undoes(mine: string, others: readonly string[]): Promise<void> {
    // A page may be read while an editor draws it anew: what counts is what it shows in the end.
    const undo = async () => {
      await this.page.keyboard.press("Control+z");
      return this.read();
    };
    const first = mine.slice(0, 2);
    await eventually(undo).toSatisfy(
      (text: string) => !text.includes(first) && others.every((other) => text.includes(other)),
    );
  }

  /** The line that says how things stand. */
  async status(): Promise<string> {
    return this.page.locator("#status").innerText();
  }

  async seesSaved(): Promise<void> {
    await eventually(() => this.status()).toMatch(/^saved/i);
  }

  /** Resolves when the browser has stored what the page shows: a page that goes before that takes the last letters along. */
  async seesStored(): Promise<void> {
    const stored = async () => {
      const doc = new Y.Doc();
      for (const update of await this.page.evaluate(storedUpdates)) Y.applyUpdate(doc, Uint8Array.from(update));
      return this.#example.content(doc);
    };
    await eventually(async () => (await stored()) === (await this.read())).toBe(true);
  }

  async goOffline(): Promise<void> {
    this.expectNetwork(false);
    await this.page.context().setOffline(true);
  }

  async goOnline(): Promise<void> {
    await this.page.context().setOffline(false);
  }

  /** While none is expected, what the browser says of failed connections is no complaint. */
  expectNetwork(isExpected: boolean): void {
    this.#isNetworkExpected = isExpected;
  }

  async takePicture(name: string): Promise<void> {
    const path = fileURLToPath(new URL(`../screenshots/${name}.png`, import.meta.url));
    await this.page.screenshot({ path, animations: "disabled" });
  }

  #complain(complaint: string): void {
    const isOfNetwork = /net::ERR_|WebSocket connection to/.test(complaint);
    if (this.#isNetworkExpected || !isOfNetwork) this.#complaints.push(complaint);
  }
}

/** Runs in the page: of its one database, which is laid out as y-indexeddb's. */
async function storedUpdates(): Promise<number[][]> {
  const resultOf = <Result>(request: IDBRequest<Result>): Promise<Result> =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(new Error("IndexedDB did not answer", { cause: request.error }));
    });
  const [{ name = "" } = {}] = await indexedDB.databases();
  const database = await resultOf(indexedDB.open(name));
  const updates = await resultOf(database.transaction("updates").objectStore("updates").getAll());
  database.close();
  return updates.map((update) => [...(update as Uint8Array)]);
}
