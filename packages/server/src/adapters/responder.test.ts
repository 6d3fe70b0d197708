/** An embedder's answers on a real socket, beside the server's own. */
import { expect, onTestFinished, test } from "vitest";
import { noRefusals } from "../../test-support/open-door.js";
import { HttpAdapter } from "./http.js";
import type { Respond } from "./responder.js";

async function serving(respond: Respond) {
  const errors: object[] = [];
  const note = () => undefined;
  const logger = { debug: note, info: note, warn: note, error: (fields: object) => void errors.push(fields) };
  const http = new HttpAdapter({
    status: () => ({
      version: "0",
      connectionCount: 0,
      httpSessionCount: 0,
      roomCount: 0,
      degradedRoomCount: 0,
      readOnlyRoomCount: 0,
      backlogBytes: 0,
      isStoreHealthy: true,
      isReady: true,
    }),
    pageDirectory: undefined,
    upgrade: (_, socket) => socket.destroy(),
    takes: () => false,
    respond,
    logger,
    refusals: noRefusals(),
    silentSockets: { maxPerAddress: 1_000, isExempt: () => true },
    maxConnections: 1_000,
    certificate: undefined,
  });
  await http.listen("127.0.0.1", 0);
  onTestFinished(() => http.close());
  return { ask: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${http.port}${path}`, init), errors };
}

test("what it answers is the answer, at once or later, and the rest is as without it", async () => {
  const { ask } = await serving((request, response) => {
    if (request.url === "/now") response.end("now");
    else if (request.url === "/later") setImmediate(() => response.end("later"));
    else if (request.url === "/health") response.writeHead(418).end();
    else return request.method === "DELETE" && Promise.resolve(Boolean(response.writeHead(202).end()));
    return true;
  });
  expect(await (await ask("/now")).text()).toBe("now");
  expect(await (await ask("/later")).text()).toBe("later");
  expect((await ask("/health")).status).toBe(418);
  expect((await ask("/", { method: "DELETE" })).status).toBe(202);
  expect((await ask("/ready")).status).toBe(200);
  expect(await (await ask("/")).text()).toContain("<h1>Syncline</h1>");
  expect((await ask("/nothing")).status).toBe(404);
  expect((await ask("/now?query", { method: "POST" })).status).toBe(405);
});

test("it is not asked about what documents travel by", async () => {
  const asked: unknown[] = [];
  const { ask } = await serving(({ url }) => {
    asked.push(url);
    return false;
  });
  for (const path of ["/.syncline/v1", "/.syncline/v1/sessions/x/poll?ack=1", "/.syncline/v10", "/.syncline"])
    await ask(path);
  expect(asked).toEqual(["/.syncline/v10", "/.syncline"]);
});

const failures: [string, Respond][] = [
  [
    "throws",
    () => {
      throw new Error("a bug");
    },
  ],
  ["rejects", () => Promise.reject(new Error("a bug"))],
];

test.each(failures)("one that %s is a 500 and a line in the log, without what may be a secret", async (_, respond) => {
  const { ask, errors } = await serving(respond);
  expect((await ask("/path?token=secret")).status).toBe(500);
  expect(errors).toEqual([{ method: "GET", path: "/path", error: "a bug" }]);
});

test("one that fails in the middle of its answer ends that connection, and no more", async () => {
  let isBroken = true;
  const { ask, errors } = await serving((_, response) => {
    if (!isBroken) return false;
    isBroken = false;
    response.writeHead(200, { "Content-Length": 100 }).write("a part");
    throw new Error("a bug");
  });
  await expect(ask("/").then((answer) => answer.text())).rejects.toThrow();
  expect((await ask("/")).status).toBe(200);
  expect(errors).toHaveLength(1);
});

test("one that writes after the end of its answer, or says nothing of having answered, harms nobody", async () => {
  const { ask, errors } = await serving((request, response) => {
    response.end("done");
    if (request.url === "/twice") response.write("and more");
    return false;
  });
  expect(await (await ask("/twice")).text()).toBe("done");
  expect(await (await ask("/")).text()).toBe("done");
  await expect.poll(() => errors.length).toBe(1);
});
