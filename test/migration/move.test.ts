/** The whole way for a team that ran y-websocket's server with YPERSISTENCE: its directory, and its names. */
import { expect, onTestFinished, test } from "vitest";
import { createWebSocketSource } from "../../packages/server/dist/migration/websocket.js";
import { openYLeveldbSource } from "../../packages/server/dist/migration/y-leveldb.js";
import { stockClient, synced, until } from "../support/clients.js";
import { tempDirectory } from "../support/temp-directory.js";
import { documentsOf, textsByName } from "./source-contents.js";
import { startStockServer } from "./stock-server.js";

const texts = new Map([
  ["notes", "The first"],
  ["team/notes:2, v1@home", "With a slash"],
  ["zürich \u{1f600} plan", "Percent-encoded on the way"],
  ["__proto__", "placeholder"],
]);

test("what a stock server has on its disk comes from its directory and over the network alike", async () => {
  const directory = await tempDirectory();
  const writing = await startStockServer(directory);
  for (const [name, text] of texts) {
    const [author, reader] = [stockClient(writing.url, name), stockClient(writing.url, name)];
    await Promise.all([synced(author), synced(reader)]);
    author.text.insert(0, text);
    await until(reader.doc, () => reader.text.toString() === text);
    author.destroy();
    reader.destroy();
  }
  // Its writes follow what it relays; a document is asked for again from disk, behind them.
  for (const [name, text] of texts) {
    const reader = stockClient(writing.url, name);
    await until(reader.doc, () => reader.text.toString() === text);
    reader.destroy();
  }
  await writing.stop();

  const source = await openYLeveldbSource(directory);
  expect(source.documentCount).toBe(4);
  expect(textsByName(await documentsOf(source))).toEqual(texts);
  await source.close();

  const serving = await startStockServer(directory);
  const pulled = createWebSocketSource(serving.url, [...texts.keys()]);
  onTestFinished(() => pulled.close());
  expect(textsByName(await documentsOf(pulled))).toEqual(texts);
});
