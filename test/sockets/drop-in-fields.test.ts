/**
 * What code that was written for y-websocket 3.1 reads of a provider, and gives it, with both classes. Where ours differs on
 * purpose that is written out, and why. Which events come when is drop-in.test.ts.
 */
import { MemoryStorage, startServer, type SynclineServer } from "@syncline/server";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import type { WebSocket } from "ws";
import { Awareness } from "y-protocols/awareness";
import * as Y from "yjs";
import { closingProxy } from "../support/closing-proxy.js";
import { stockClient, synced, until, untilPresence } from "../support/clients.js";
import {
  dropIn,
  EventLog,
  seen,
  type DropIn,
  type DropInOptions,
  type ProviderKind,
} from "../support/observed-provider.js";

let server: SynclineServer;
beforeEach(async () => {
  server = await startServer({ port: 0, data: new MemoryStorage() });
  onTestFinished(() => server.close());
});

const kinds = ["y-websocket", "syncline"] as const;

/** A provider that is synced. */
async function connected(kind: ProviderKind, options: DropInOptions = {}, doc = new Y.Doc()): Promise<DropIn> {
  const provider = dropIn(kind, server.url, "plan", options, doc);
  await new EventLog(provider).synced();
  return provider;
}

const idle = { synced: false, wsconnected: false, wsconnecting: false, shouldConnect: false, ws: null };

describe.each(kinds)("%s", (kind) => {
  test("has the fields that it was made with, whatever the connection does", async () => {
    const doc = new Y.Doc();
    const awareness = new Awareness(doc);
    const provider = dropIn(kind, server.url, "a/b c", { connect: false, awareness, params: { theme: "dark" } }, doc);
    const check = () => {
      expect(provider.doc).toBe(doc);
      expect(provider.awareness).toBe(awareness);
      expect(provider).toMatchObject({ roomname: "a/b c", serverUrl: server.url, params: { theme: "dark" } });
      expect(provider.bcconnected).toBe(false);
    };
    check();
    provider.connect();
    check();
    await new EventLog(provider).synced();
    check();
    provider.disconnect();
    check();
  });

  test("does not connect with connect: false, nor with undefined options otherwise than without", async () => {
    const waiting = dropIn(kind, server.url, "plan", { connect: false });
    expect(seen(waiting)).toEqual(idle);
    const params = undefined as unknown as Record<string, string>;
    expect(seen(dropIn(kind, server.url, "plan", { params }))).toMatchObject({ shouldConnect: true, ws: 0 });
    // The one that waits had as much time as the other.
    await connected(kind);
    expect(seen(waiting)).toEqual(idle);
  });

  test("has a socket from connect() on, at once", async () => {
    const provider = dropIn(kind, server.url, "plan", { connect: false });
    provider.connect();
    const connecting = { synced: false, wsconnected: false, wsconnecting: true, shouldConnect: true };
    expect(seen(provider)).toEqual({ ...connecting, ws: 0 });
    await new EventLog(provider).synced();
    expect(seen(provider)).toEqual({
      ...{ synced: true, wsconnected: true, wsconnecting: false, shouldConnect: true, ws: 1 },
    });
    expect(provider.ws?.url).toBe(provider.url);
    provider.disconnect();
    expect(seen(provider)).toEqual(idle);
  });

  test("wants to be connected while it waits for the next attempt", async () => {
    const provider = await connected(kind, { maxBackoffTime: 60_000 });
    const lost = new Promise<void>((resolve) => provider.once("status", () => resolve()));
    provider.ws?.terminate();
    await lost;
    expect(seen(provider)).toEqual({ ...idle, shouldConnect: true });
  });

  test("has another socket after a reconnect", async () => {
    const provider = await connected(kind);
    const { ws } = provider;
    ws?.terminate();
    await new EventLog(provider).synced();
    expect(provider.ws).not.toBe(ws);
    expect([ws?.readyState, provider.ws?.readyState]).toEqual([3, 1]);
  });

  test("applies what comes from the server with itself as the origin, as one that is not local", async () => {
    const provider = await connected(kind);
    const other = stockClient(server.url, "plan");
    await synced(other);
    const origins: unknown[] = [];
    provider.doc.on("afterTransaction", ({ origin, local }: Y.Transaction) =>
      origins.push([origin === provider, local]),
    );
    provider.doc.on("update", (_: Uint8Array, origin: unknown) => origins.push(origin === provider));
    other.text.insert(0, "x");
    await until(provider.doc, () => provider.doc.getText("text").length > 0);
    expect(origins).toEqual([[true, false], true]);
    // Which is how an undo manager knows whose edits are to be undone.
    const undo = new Y.UndoManager(provider.doc.getText("text"), { trackedOrigins: new Set([null, "me"]) });
    other.text.insert(1, "y");
    await until(provider.doc, () => provider.doc.getText("text").length > 1);
    expect(undo.canUndo()).toBe(false);
  });

  test("changes presence with itself as the origin, and forgets the others when it is disconnected", async () => {
    const provider = await connected(kind);
    const { awareness } = provider;
    awareness.setLocalState({ name: "me" });
    const origins = new Set<unknown>();
    awareness.on("change", (_: object, origin: unknown) => origins.add(origin));
    const other = stockClient(server.url, "plan");
    other.provider.awareness.setLocalState({ name: "other" });
    await untilPresence(awareness, () => awareness.getStates().get(other.doc.clientID)?.["name"] === "other");
    provider.disconnect();
    expect([...origins]).toEqual([provider]);
    expect([...awareness.getStates()]).toEqual([[provider.doc.clientID, { name: "me" }]]);
    provider.connect();
    // A stock provider remembers the clock of who was there, and does not see them before they say something new.
    if (kind === "y-websocket") {
      await new EventLog(provider).synced();
      other.provider.awareness.setLocalState({ name: "other" });
    }
    await untilPresence(awareness, () => awareness.getStates().has(other.doc.clientID));
  });

  test("leaves an awareness that it was given, and a document, as they were", async () => {
    const doc = new Y.Doc();
    const awareness = new Awareness(doc);
    awareness.setLocalState({ name: "me" });
    let isDestroyed = false;
    awareness.on("destroy", () => (isDestroyed = true));
    const provider = await connected(kind, { awareness }, doc);
    provider.destroy();
    expect(isDestroyed).toBe(false);
    expect(awareness.getLocalState()).toEqual({ name: "me" });
    doc.getText("text").insert(0, "goes on");
    expect(doc.getText("text").toString()).toBe("goes on");
  });

  test("asks for the protocols it was given", async () => {
    const provider = await connected(kind, { protocols: ["one", "two"] });
    expect(provider.ws?.protocol).toBe("one");
  });

  test("uses the parameters that are set, from the next attempt on", async () => {
    const { url, requests } = await closingProxy(server.url);
    const provider = dropIn(kind, url, "plan", { params: { version: "1 & 2" } });
    await new EventLog(provider).synced();
    provider.params = { version: "ü" };
    provider.ws?.terminate();
    await new EventLog(provider).synced();
    const versions = requests.map((request) => new URL(request, "ws://x").searchParams.get("version"));
    expect(versions).toEqual(["1 & 2", "ü"]);
  });
});

/** What `read` gives for each of the classes. */
async function ofBoth<Result>(read: (kind: ProviderKind) => Result | Promise<Result>): Promise<Result[]> {
  return [await read("y-websocket"), await read("syncline")];
}

describe("on purpose", () => {
  test("the name is in the URL of a stock provider; in ours many documents share one", async () => {
    const params = { theme: "dark" };
    const urls = await ofBoth((kind) => dropIn(kind, server.url, "plan", { connect: false, params }).url);
    expect(urls).toEqual([`${server.url}/plan?theme=dark`, `${server.url}/.syncline/v1?theme=dark`]);
  });

  test("a token among the parameters is in the URL of a stock provider; ours sends it in a message", async () => {
    const params = { token: "secret", theme: "dark" };
    const providers = await ofBoth((kind) => connected(kind, { params }));
    expect(providers.map(({ url }) => new URL(url).search)).toEqual(["?token=secret&theme=dark", "?theme=dark"]);
    expect(providers.map((provider) => provider.ws?.url.includes("secret"))).toEqual([true, false]);
    expect(providers[1]?.params).toEqual({ theme: "dark" });
  });

  test("an awareness it made itself ends with ours; that of a stock provider keeps its timer", async () => {
    const ends = await ofBoth(async (kind) => {
      let isDestroyed = false;
      const provider = await connected(kind);
      provider.awareness.on("destroy", () => (isDestroyed = true));
      provider.destroy();
      return isDestroyed;
    });
    expect(ends).toEqual([false, true]);
  });

  test("in Node there are no tabs to share with: a stock provider opens a channel, ours does not", async () => {
    const shares = await ofBoth(async (kind) => {
      const provider = await connected(kind, { disableBc: false });
      const { bcconnected } = provider;
      provider.destroy();
      return [bcconnected, provider.bcconnected];
    });
    expect(shares).toEqual([
      [true, false],
      [false, false],
    ]);
  });

  test("ours ends with the document; a stock provider stays connected", async () => {
    const sockets = await ofBoth(async (kind) => {
      const provider = await connected(kind);
      provider.doc.destroy();
      return (provider.ws as WebSocket | null)?.readyState;
    });
    expect(sockets).toEqual([1, undefined]);
  });

  test("a URL or a name that cannot work is said at once; a stock provider tries for ever, or is closed with 4400", async () => {
    const make = (kind: ProviderKind, url: string, name: string) => () =>
      dropIn(kind, url, name, { connect: false }) && "made";
    expect(make("y-websocket", "ftp://127.0.0.1", "plan")()).toBe("made");
    expect(make("syncline", "ftp://127.0.0.1", "plan")).toThrow(/ws:\/\/host:port/);
    expect(make("y-websocket", server.url, "")()).toBe("made");
    expect(make("syncline", server.url, "")).toThrow(expect.objectContaining({ code: "invalid-option" }));
  });
});

/** Found by these tests, and to be decided: each fails on the day on which ours does the same. */
describe("as it is", () => {
  test("serverUrl is without the slashes at its end", async () => {
    const [stock, own] = await ofBoth((kind) => dropIn(kind, `${server.url}//`, "plan", { connect: false }).serverUrl);
    expect(own).toBe(stock);
  });

  test("synced comes before sync, and neither has a second argument", async () => {
    const [stock, own] = await ofBoth(async (kind) => {
      const provider = dropIn(kind, server.url, "plan", { connect: false });
      const lines: unknown[] = [];
      for (const name of ["status", "sync", "synced"]) {
        provider.on(name, (...args) => lines.push([name, args.length]));
      }
      provider.connect();
      await new EventLog(provider).synced();
      return lines;
    });
    expect(own).toEqual(stock);
  });

  test("a token that is put among the parameters later is brought by the next attempt", async () => {
    const [stock, own] = await ofBoth(async (kind) => {
      const tokens: string[] = [];
      const authorize = ({ token }: { readonly token: string }) => {
        tokens.push(token);
        return { access: "write" } as const;
      };
      const guarded = await startServer({ port: 0, data: new MemoryStorage(), authorize });
      onTestFinished(() => guarded.close());
      const provider = dropIn(kind, guarded.url, "plan", { params: { token: "old" } });
      await new EventLog(provider).synced();
      provider.params = { token: "new" };
      provider.ws?.terminate();
      await new EventLog(provider).synced();
      return tokens;
    });
    expect(stock).toEqual(["old", "new"]);
    expect(own).toEqual(stock);
  });

  test("a token that is put among the parameters later is not in the URL of ours", () => {
    const provider = dropIn("syncline", server.url, "plan", { connect: false });
    provider.params = { token: "secret" };
    expect(provider.url).not.toContain("secret");
  });
});
