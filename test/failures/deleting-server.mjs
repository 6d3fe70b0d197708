/** A server in a process of its own that writes a document, deletes it, says so, and waits to be killed. */
import { startServer } from "@syncline/server";
import * as Y from "yjs";

const [data, documentName] = process.argv.slice(2);
const server = await startServer({ port: 0, data });
const doc = new Y.Doc();
doc.getText("text").insert(0, documentName);
for (const name of [documentName, "kept"]) {
  await server.documents.import(name, [Y.encodeStateAsUpdate(doc)], { replace: true });
}
await server.documents.delete(documentName);
process.send("deleted");
setInterval(() => undefined, 1_000);
