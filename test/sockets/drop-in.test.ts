/** Scratch: prints traces. */
import { startServer, MemoryStorage } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { closingProxy } from "../support/closing-proxy.js";
import { dropIn, EventLog, seen, type ProviderKind, type DropIn } from "../support/observed-provider.js";
import * as Y from "yjs";
import { tempDirectory } from "../support/temp-directory.js";

const kinds = ["y-websocket", "syncline"] as const;

test.each(kinds)("%s", async (kind) => {
  const dir = await tempDirectory();
  let server = await startServer({ port: 0, data: dir });
  const port = Number(new URL(server.url).port);
  onTestFinished(() => server.close());
  const proxy = await closingProxy(server.url);
  const out: unknown[] = [];
  const p = dropIn(kind, proxy.url + "//", "r", { connect: false, params: { a: "1 2" } });
  out.push(seen(p), p.url, p.serverUrl, p.params, p.roomname, p.bcconnected);
  let log = new EventLog(p);
  const step = async (name: string, action: () => unknown, ...awaited: string[]) => {
    action();
    out.push(name, seen(p));
    await Promise.race([new Promise((r) => setTimeout(r, 3000)).then(() => out.push("TIMEOUT")), (async () => {
      const isThere = () => awaited.every((l) => log.lines.includes(l));
      while (!isThere()) await new Promise((r) => setTimeout(r, 20));
    })()]);
    const s = log.seen.map((x) => JSON.stringify(x));
    out.push((await log.take()).map((l, i) => l + "   " + s[i]), seen(p));
  };
  await step("connect", () => p.connect(), "sync true", "synced true");
  p.doc.getText("text").insert(0, "x");
  await step("connect again", () => p.connect());
  await step("terminate", () => p.ws?.terminate(), "sync true");
  await step("4503", () => proxy.closeAll(4503, "later"), "sync true");
  await step("4404", () => proxy.closeAll(4404, "gone"), "closed 4404 gone, provider");
  await step("connect", () => p.connect(), "sync true");
  await step("disconnect", () => p.disconnect());
  await step("disconnect twice", () => p.disconnect());
  await step("connect and disconnect", () => { p.connect(); p.disconnect(); });
  await step("connect", () => p.connect(), "sync true");
  await step("destroy", () => p.destroy());
  await step("destroy twice", () => p.destroy());
  await step("connect", () => p.connect());
  console.log(kind, JSON.stringify(out, null, 1), proxy.requests);
});
