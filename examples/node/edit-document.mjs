/** Edits a document without a browser: node edit-document.mjs ws://127.0.0.1:1234 my-document "a line of text" */
import { SynclineProvider } from "@syncline/client";
import { WebSocket } from "ws";
import * as Y from "yjs";

const [server, name, line] = process.argv.slice(2);
if (!line) fail('usage: node edit-document.mjs ws://127.0.0.1:1234 my-document "a line of text"');

const doc = new Y.Doc();
const provider = connect();
// The provider tries again for as long as it lives; a script should not.
setTimeout(
  () => fail(`no answer from ${server}: ${provider.status.lastError?.message ?? "it is silent"}`),
  10_000,
).unref();
provider.on("closed", ({ code, reason }) => fail(`the server closed the document: ${reason} (${code})`));

await new Promise((resolve) => provider.once("sync", resolve));
doc.transact(() => {
  doc.getText("text").insert(doc.getText("text").length, `${line}\n`);
  doc.getMap("about").set("edited", new Date().toISOString());
});
await provider.whenDurable().catch((error) => fail(error.message));
console.log(
  `On the server's disk: "${line}" in ${name}, which has ${doc.getText("text").length} characters now.`,
);
await provider.destroy();

function connect() {
  try {
    return new SynclineProvider(server, name, doc, { WebSocketPolyfill: WebSocket });
  } catch (error) {
    fail(error.message);
  }
}

function fail(sentence) {
  console.error(sentence);
  process.exit(1);
}
