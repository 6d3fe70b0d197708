/** node server.mjs <data directory>: Hocuspocus with its SQLite extension, as its documentation sets it up, on a free port. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { SQLite } from "@hocuspocus/extension-sqlite";
import { Server } from "@hocuspocus/server";

const [dataDirectory] = process.argv.slice(2);
mkdirSync(dataDirectory, { recursive: true });

const server = new Server({
  address: "127.0.0.1",
  port: 0,
  quiet: true,
  // It hangs up on who has said nothing for a minute. Providers renew their awareness before that; the load's clients have none.
  timeout: 600_000,
  extensions: [new SQLite({ database: join(dataDirectory, "documents.sqlite") })],
});
await server.listen();
console.log(`listening on ws://127.0.0.1:${server.address.port}`);
