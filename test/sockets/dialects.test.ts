/** Providers that people use today, unchanged but for their URL, and ours: in one room, with presence. */
import { startServer, MemoryStorage, type SynclineServer } from "@syncline/server";
import { afterEach, beforeEach, describe, expect, test, onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { Awareness } from "y-protocols/awareness";
import { WebsocketProvider as Provider1 } from "y-websocket-1";
import { WebsocketProvider as Provider2 } from "y-websocket-2";
import { WebsocketProvider as Provider3 } from "y-websocket";
import * as Y from "yjs";
import { synced, synclineClient, until, untilPresence, type Client } from "../support/clients.js";

let server: SynclineServer;
beforeEach(async () => {
  server = await startServer({ port: 0, data: new MemoryStorage() });
});
afterEach(() => server.close());

type StockProvider = typeof Provider3;
const stockProviders: Record<string, StockProvider> = {
  "y-websocket 1.5": Provider1 as unknown as StockProvider,
  "y-websocket 2.1": Provider2 as unknown as StockProvider,
  "y-websocket 3.1": Provider3,
};

function connect(Provider: StockProvider, documentName: string): Client {
  const doc = new Y.Doc();
  const provider = new Provider(server.url, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  const destroy = () => {
    provider.destroy();
    provider.awareness.destroy();
  };
  onTestFinished(destroy);
  return { doc, text: doc.getText("text"), provider, destroy };
}

/** Resolves when some other client's state, as `awareness` knows it, fits. */
function seesSomebody(awareness: Awareness, fits: (state: Record<string, unknown>) => boolean): Promise<void> {
  return untilPresence(awareness, () =>
    [...awareness.getStates()].some(([id, state]) => id !== awareness.clientID && fits(state)),
  );
}

function seesNobody(awareness: Awareness): Promise<void> {
  return untilPresence(awareness, () => [...awareness.getStates().keys()].every((id) => id === awareness.clientID));
}

describe.each(Object.keys(stockProviders))("%s", (name) => {
  const Provider = stockProviders[name] as StockProvider;

  test("edits and presence go both ways between it and a syncline client", async () => {
    const [stock, own] = [connect(Provider, "mixed"), synclineClient(server.url, "mixed")];
    await Promise.all([synced(stock), synced(own)]);
    stock.text.insert(0, "from stock");
    await until(own.doc, () => own.text.toString() === "from stock");
    own.text.insert(0, "from own, ");
    await until(stock.doc, () => stock.text.toString() === "from own, from stock");

    stock.provider.awareness.setLocalStateField("user", { name: "Stock" });
    own.provider.awareness.setLocalStateField("user", { name: "Own" });
    await seesSomebody(own.provider.awareness, (state) => JSON.stringify(state["user"]) === '{"name":"Stock"}');
    await seesSomebody(stock.provider.awareness, (state) => JSON.stringify(state["user"]) === '{"name":"Own"}');
    stock.destroy();
    await seesNobody(own.provider.awareness);
  });

  test("a document name with slashes, spaces and emoji is one document", async () => {
    const documentName = "team/notes for ü \u{1f600}/__proto__";
    const [a, b] = [connect(Provider, documentName), connect(Provider, documentName)];
    await Promise.all([synced(a), synced(b)]);
    a.text.insert(0, "here");
    await until(b.doc, () => b.text.toString() === "here");
  });

  test("what is typed while it is disconnected is merged when it returns", async () => {
    const [away, here] = [connect(Provider, "offline"), connect(Provider, "offline")];
    await Promise.all([synced(away), synced(here)]);
    away.provider.disconnect();
    away.text.insert(0, "typed offline; ");
    here.text.insert(0, "typed online; ");
    away.provider.connect();
    await synced(away);
    await until(here.doc, () => here.text.length === away.text.length && here.text.length > 20);
    expect(away.text.toString()).toBe(here.text.toString());
  });
});

test("a client that returns with the presence clock it left with is seen at once", async () => {
  const [watcher, guest] = [connect(Provider3, "return"), connect(Provider3, "return")];
  await Promise.all([synced(watcher), synced(guest)]);
  guest.provider.awareness.setLocalStateField("user", { name: "Guest" });
  const isGuest = (state: Record<string, unknown>) => state["user"] !== undefined;
  await seesSomebody(watcher.provider.awareness, isGuest);
  guest.provider.disconnect();
  await seesNobody(watcher.provider.awareness);
  guest.provider.connect();
  await seesSomebody(watcher.provider.awareness, isGuest);
  guest.provider.awareness.setLocalStateField("user", { name: "Changed" });
  await seesSomebody(watcher.provider.awareness, (state) => JSON.stringify(state["user"]).includes("Changed"));
  // Its own state never came back to it as an older one.
  expect(guest.provider.awareness.getLocalState()).toEqual({ user: { name: "Changed" } });
});

test("nobody can speak for another's presence", async () => {
  const [victim, witness, forger] = [
    connect(Provider3, "forged"),
    connect(Provider3, "forged"),
    connect(Provider3, "forged"),
  ];
  await Promise.all([victim, witness, forger].map(synced));
  victim.provider.awareness.setLocalStateField("user", { name: "Victim" });
  const isVictim = (state: Record<string, unknown>) => JSON.stringify(state["user"]) === '{"name":"Victim"}';
  await seesSomebody(witness.provider.awareness, isVictim);
  await seesSomebody(forger.provider.awareness, isVictim);
  const { awareness } = forger.provider;
  const victimId = victim.provider.awareness.clientID;
  awareness.states.set(victimId, { user: { name: "Forged" } });
  awareness.meta.set(victimId, { clock: 1_000, lastUpdated: Date.now() });
  awareness.emit("update", [{ added: [], updated: [victimId], removed: [] }, "local"]);
  awareness.setLocalStateField("user", { name: "Forger" });
  // The forger's own state was sent after the forgery: when it is here, so would be the other.
  await seesSomebody(witness.provider.awareness, (state) => JSON.stringify(state["user"]) === '{"name":"Forger"}');
  expect(witness.provider.awareness.getStates().get(victimId)).toEqual({ user: { name: "Victim" } });
});

test("a syncline client whose URL has the document in it, as y-websocket's has, is told to leave it out", async () => {
  const { provider } = synclineClient(`${server.url}/my-document`, "my-document");
  const closed = await new Promise((resolve) => provider.on("closed", resolve));
  const reason = "give the server's URL without \"/my-document\"; the document's name is not part of it";
  expect(closed).toMatchObject({ code: 4400, reason });
});
