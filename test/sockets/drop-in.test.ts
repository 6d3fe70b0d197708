/**
 * Code that was written for y-websocket 3.1 sees the same events in the same order when the class is changed to ours: the
 * same script runs with both, against one server. Where ours differs on purpose that is written out, and why.
 */
import { MemoryStorage, startServer, type SynclineServer } from "@syncline/server";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { closingProxy, type ClosingProxy } from "../support/closing-proxy.js";
import {
  dropIn,
  EventLog,
  seen,
  type DropIn,
  type DropInOptions,
  type ProviderKind,
} from "../support/observed-provider.js";
import { tempDirectory } from "../support/temp-directory.js";

interface Stage {
  readonly kind: ProviderKind;
  readonly server: SynclineServer;
  /** Passes everything to the server. */
  readonly proxy: ClosingProxy;
  /** A provider that does not connect by itself, and its events from the first on. */
  make(options?: DropInOptions): { provider: DropIn; log: EventLog };
  /** The same, connected. */
  connected(options?: DropInOptions): Promise<{ provider: DropIn; log: EventLog }>;
}

async function stage(kind: ProviderKind): Promise<Stage> {
  const server = await startServer({ port: 0, data: new MemoryStorage() });
  onTestFinished(() => server.close());
  const proxy = await closingProxy(server.url);
  const make = (options: DropInOptions = {}) => {
    const provider = dropIn(kind, proxy.url, "plan", { connect: false, ...options });
    return { provider, log: new EventLog(provider) };
  };
  const connected = async (options: DropInOptions = {}) => {
    const made = make(options);
    made.provider.connect();
    await made.log.synced();
    return made;
  };
  return { kind, server, proxy, make, connected };
}

/** What the script returns with each of the classes. */
async function withBoth<Result>(script: (stage: Stage) => Promise<Result>): Promise<{ stock: Result; own: Result }> {
  return { stock: await script(await stage("y-websocket")), own: await script(await stage("syncline")) };
}

/** Runs the script with both, and expects of both the same. */
async function expectOfBoth(script: (stage: Stage) => Promise<unknown>, expected: unknown): Promise<void> {
  const { stock, own } = await withBoth(script);
  expect(stock).toEqual(expected);
  expect(own).toEqual(expected);
}

const connecting = ["status connecting", "status connected", "sync true"];
const lost = (code: string) => [`connection-close ${code}, provider`, "sync false", "status disconnected"];

describe("a connection", () => {
  test("is connecting, connected, synced", async () => {
    await expectOfBoth(async ({ make }) => {
      const { provider, log } = make();
      provider.connect();
      return log.synced();
    }, connecting);
  });

  test("that is cut comes back, and says that it is synced again", async () => {
    await expectOfBoth(
      async ({ connected }) => {
        const { provider, log } = await connected();
        provider.ws?.terminate();
        return log.synced();
      },
      [...lost("1006"), ...connecting],
    );
  });

  test("that is cut twice says that it is synced each time", async () => {
    await expectOfBoth(
      async ({ connected }) => {
        const { provider, log } = await connected();
        provider.ws?.terminate();
        await log.synced();
        provider.ws?.terminate();
        return log.synced();
      },
      [...lost("1006"), ...connecting],
    );
  });

  test("that a server closes with 45xx comes back", async () => {
    await expectOfBoth(
      async ({ connected, proxy }) => {
        const { log } = await connected();
        proxy.closeAll(4503, "back soon");
        return log.synced();
      },
      [...lost("4503 back soon"), ...connecting],
    );
  });

  test("that a server closes with 44xx does not, and closed is the last that is heard", async () => {
    await expectOfBoth(
      async ({ connected, proxy }) => {
        const { provider, log } = await connected();
        proxy.closeAll(4404, "gone");
        const lines = await log.take("closed 4404 gone, provider");
        return { lines, ...seen(provider), requestCount: proxy.requests.length };
      },
      {
        lines: [...lost("4404 gone"), "closed 4404 gone, provider"],
        ...{ synced: false, wsconnected: false, wsconnecting: false, shouldConnect: false, ws: null },
        requestCount: 1,
      },
    );
  });

  test("that was closed for good is there again after connect(), also out of the listener", async () => {
    await expectOfBoth(
      async ({ connected, proxy }) => {
        const { provider, log } = await connected();
        provider.once("closed", () => provider.connect());
        proxy.closeAll(4403, "no");
        const first = await log.synced();
        proxy.closeAll(4403, "no");
        await log.take("closed 4403 no, provider");
        provider.connect();
        return [...first, "--", ...(await log.synced())];
      },
      [...lost("4403 no"), "closed 4403 no, provider", ...connecting, "--", ...connecting],
    );
  });
});

test("a server that restarts closes with 4503, and both are synced again with it", async () => {
  const data = await tempDirectory();
  const first = await startServer({ port: 0, data });
  onTestFinished(() => first.close());
  const kinds = ["y-websocket", "syncline"] as const;
  const logs = kinds.map((kind) => new EventLog(dropIn(kind, first.url, "plan")));
  await Promise.all(logs.map((log) => log.synced()));
  const port = Number(new URL(first.url).port);
  await first.close();
  const second = await startServer({ port, data });
  onTestFinished(() => second.close());
  for (const lines of await Promise.all(logs.map((log) => log.synced()))) {
    expect(lines.slice(0, 3)).toEqual(lost("4503 the server is shutting down; it will be back"));
    expect(lines.slice(-3)).toEqual(connecting);
    expect(lines.filter((line) => line.startsWith("closed"))).toEqual([]);
  }
});

describe("without a server", () => {
  test("attempts follow each other; ours says after each that it is disconnected", async () => {
    const { stock, own } = await withBoth(async ({ kind }) => {
      const gone = await closingProxy("ws://127.0.0.1:1");
      await gone.stop();
      const provider = dropIn(kind, gone.url, "plan", { connect: false });
      const log = new EventLog(provider);
      provider.connect();
      await log.count("status connecting", 2);
      provider.disconnect();
      return log.take();
    });
    const failed = "connection-close 1006, provider";
    expect(stock.slice(0, 4)).toEqual([
      "status connecting",
      "connection-error Event, provider",
      failed,
      // Stock providers go on saying that they are connecting while they wait.
      "status connecting",
    ]);
    expect(own.slice(0, 5)).toEqual([
      "status connecting",
      // An Error with a code and a cause, for logs: an Event of ws or of a browser says nothing.
      "connection-error SynclineError, provider",
      failed,
      "status disconnected",
      "status connecting",
    ]);
  });
});

describe("connect()", () => {
  test("of a provider that is connected: stock is silent, ours says again how things are", async () => {
    const { stock, own } = await withBoth(async ({ connected }) => {
      const { provider, log } = await connected();
      provider.connect();
      return log.take();
    });
    expect(stock).toEqual([]);
    // Lexical mounts its editor on a provider that may be synced already, and waits for this.
    expect(own).toEqual(["status connected", "sync true"]);
  });

  test("of a provider that is connecting makes no second socket", async () => {
    await expectOfBoth(
      async ({ make, proxy }) => {
        const { provider, log } = make();
        provider.connect();
        provider.connect();
        return [...(await log.synced()), proxy.requests.length];
      },
      [...connecting, 1],
    );
  });
});

describe("disconnect()", () => {
  test("ends at once, and connect() begins anew", async () => {
    const { stock, own } = await withBoth(async ({ connected }) => {
      const { provider, log } = await connected();
      provider.disconnect();
      const left = [...log.lines];
      const fields = seen(provider);
      provider.disconnect();
      expect(await log.take()).toEqual(left);
      provider.connect();
      return { left, fields, returned: await log.synced() };
    });
    expect(stock.left).toEqual(lost("null"));
    // The document is left, with a goodbye, before the socket goes.
    expect(own.left).toEqual(["sync false", "connection-close null, provider", "status disconnected"]);
    for (const { fields, returned } of [stock, own]) {
      expect(fields).toEqual({
        ...{ synced: false, wsconnected: false, wsconnecting: false, shouldConnect: false, ws: null },
      });
      expect(returned).toEqual(connecting);
    }
  });

  test("straight after connect() ends the attempt; ours says so", async () => {
    const { stock, own } = await withBoth(async ({ make }) => {
      const { provider, log } = make();
      provider.connect();
      provider.disconnect();
      return log.take();
    });
    expect(stock).toEqual(["status connecting", "connection-close null, provider"]);
    // A page that shows the last status would say "connecting" for ever.
    expect(own).toEqual([...stock, "status disconnected"]);
  });
});

describe("shouldReconnect", () => {
  test("that says no makes any close one for good; it is asked with the event and the provider", async () => {
    await expectOfBoth(
      async ({ connected, proxy }) => {
        const asked: unknown[][] = [];
        const { provider, log } = await connected({
          shouldReconnect: (...args) => {
            asked.push(args);
            return false;
          },
        });
        proxy.closeAll(4503, "back soon");
        const lines = await log.take("closed 4503 back soon, provider");
        const [[event, asker] = []] = asked as [{ code: number }, DropIn][];
        return { lines, ...seen(provider), askedCount: asked.length, code: event?.code, isAsker: asker === provider };
      },
      {
        lines: [...lost("4503 back soon"), "closed 4503 back soon, provider"],
        ...{ synced: false, wsconnected: false, wsconnecting: false, shouldConnect: false, ws: null },
        ...{ askedCount: 1, code: 4503, isAsker: true },
      },
    );
  });

  test("that says yes makes 44xx one that passes; it is not asked when the provider is disconnected", async () => {
    await expectOfBoth(
      async ({ connected, proxy }) => {
        const asked: number[] = [];
        const { provider, log } = await connected({ shouldReconnect: ({ code }) => asked.push(code) > 0 });
        proxy.closeAll(4404, "gone");
        const lines = await log.synced();
        provider.disconnect();
        return { lines, asked };
      },
      { lines: [...lost("4404 gone"), ...connecting], asked: [4404] },
    );
  });
});

test("a deleted document: ours is left alone, as it need not be the only one on the socket, and closed for good", async () => {
  const { stock, own } = await withBoth(async ({ kind, server }) => {
    const asked: number[] = [];
    const shouldReconnect = ({ code }: { readonly code: number }) => asked.push(code) === 0;
    // Not by the proxy: its ends are others.
    const provider = dropIn(kind, server.url, "plan", { shouldReconnect });
    const log = new EventLog(provider);
    await log.synced();
    const waiting = kept(provider, server);
    provider.doc.getText("text").insert(0, "content");
    await waiting;
    await server.documents.delete("plan");
    const lines = await log.take("closed 4404 the document was deleted, provider");
    return { lines, asked, ...seen(provider) };
  });
  const { lines, asked, ...after } = stock;
  expect(after).toEqual({ synced: false, wsconnected: false, wsconnecting: false, shouldConnect: false, ws: null });
  expect(own).toMatchObject(after);
  const closed = "closed 4404 the document was deleted, provider";
  expect([lines, asked]).toEqual([[...lost("4404 the document was deleted"), closed], [4404]]);
  expect([own.lines, own.asked]).toEqual([
    ["sync false", "connection-close null, provider", "status disconnected", closed],
    // It is about sockets: it was not the server that closed this one.
    [],
  ]);
});

/** Resolves when the server has a document. */
async function kept({ doc }: DropIn, server: SynclineServer): Promise<void> {
  const reader = dropIn("y-websocket", server.url, "plan");
  await new Promise<void>((resolve) => reader.doc.once("update", () => resolve()));
  expect(reader.doc.getText("text").toString()).toBe(doc.getText("text").toString());
  reader.destroy();
}

describe("listeners", () => {
  let trace: string[];
  beforeEach(() => {
    trace = [];
  });

  test("that come late hear nothing of before", async () => {
    await expectOfBoth(
      async ({ connected }) => {
        const { provider } = await connected();
        const late = new EventLog(provider);
        const lines = await late.take();
        provider.disconnect();
        return [lines, late.lines.length];
      },
      [[], 3],
    );
  });

  test("of once are called once, those that went not at all, and one may go while it is called", async () => {
    await expectOfBoth(
      async ({ make }) => {
        trace = [];
        const { provider, log } = make();
        const gone = () => trace.push("gone");
        const leaving = () => {
          trace.push("leaving");
          provider.off("status", leaving);
        };
        provider.on("status", gone);
        provider.on("status", leaving);
        provider.once("status", () => trace.push("once"));
        provider.on("status", () => trace.push("on"));
        provider.off("status", gone);
        provider.connect();
        await log.synced();
        return trace;
      },
      ["leaving", "once", "on", "on"],
    );
  });

  test("find the fields as they are from the event on, but for the first of a close", async () => {
    const { stock, own } = await withBoth(async ({ connected, proxy }) => {
      const { provider, log } = await connected();
      proxy.closeAll(4404, "gone");
      const fields = log.seen;
      const copied: unknown[] = [];
      provider.once("closed", () => copied.push(...fields));
      await log.take("closed 4404 gone, provider");
      return copied;
    });
    const off = { synced: false, wsconnected: false, wsconnecting: false, shouldConnect: true, ws: null };
    // Of connection-close, sync, status. The log's own listener of closed comes first, and is the last here.
    const after = [off, off, { ...off, shouldConnect: false }];
    expect(stock).toEqual([
      { synced: true, wsconnected: true, wsconnecting: false, shouldConnect: true, ws: 3 },
      ...after,
    ]);
    // The socket is gone before anybody is told.
    expect(own).toEqual([{ ...off, synced: true }, ...after]);
  });
});

describe("destroy()", () => {
  test("says that it is disconnected, for the last time", async () => {
    const { stock, own } = await withBoth(async ({ connected }) => {
      const { provider, log } = await connected();
      const results = [provider.destroy(), provider.destroy()];
      return { lines: await log.take(), results, ...seen(provider) };
    });
    expect(stock).toMatchObject({ lines: lost("null"), results: [undefined, undefined] });
    expect(own.lines).toEqual(["sync false", "connection-close null, provider", "status disconnected"]);
    // To await what is still to be stored in this browser.
    expect(own.results).toEqual([expect.any(Promise), expect.any(Promise)]);
    await Promise.all(own.results);
    for (const fields of [stock, own]) {
      expect(fields).toMatchObject({ synced: false, wsconnected: false, shouldConnect: false, ws: null });
    }
  });

  test("is the end of ours; a stock provider can be connected again, and tells nobody", async () => {
    const { stock, own } = await withBoth(async ({ connected }) => {
      const { provider } = await connected();
      provider.destroy();
      provider.connect();
      const fields = seen(provider);
      provider.disconnect();
      return fields;
    });
    expect(stock).toMatchObject({ shouldConnect: true, ws: 0 });
    // What React mounts twice would leave a socket that nobody can reach.
    expect(own).toMatchObject({ shouldConnect: false, ws: null });
  });
});
