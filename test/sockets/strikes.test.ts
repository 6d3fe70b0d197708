/** Who keeps sending what no Yjs client sends is not let in for a while, and is told for how long. */
import { closeCodes, encodeYWebsocketMessage, sharedSocketPath, synclinePath } from "@syncline/protocol";
import { MemoryStorage, startServer, type SynclineServer } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import { pills } from "../fixtures/pills.js";
import { Speaker } from "../support/speaker.js";

const broken = Uint8Array.of(0, 0, 0);
const comeBack = /^too many broken updates; come back in \d+ minutes?$/;

/** A token is whose it is; without one nobody knows. */
async function serve(): Promise<SynclineServer> {
  const server = await startServer({
    port: 0,
    data: new MemoryStorage(),
    authorize: ({ token }) => ({ access: "write", subject: token === "" ? undefined : token }),
  });
  onTestFinished(() => server.close());
  return server;
}

interface Ending {
  readonly code: number;
  readonly reason: string;
}

/** A socket of the y-websocket dialect that sends one update. Resolves with how it was closed. */
function stockSends(server: SynclineServer, token: string, update: Uint8Array): Promise<Ending> {
  return stockSays(server, token, encodeYWebsocketMessage({ type: "update", update }));
}

function stockSays({ url }: SynclineServer, token: string, frame: Uint8Array): Promise<Ending> {
  const socket = new WebSocket(`${url}/plan?token=${token}`);
  onTestFinished(() => socket.terminate());
  socket.on("open", () => socket.send(frame));
  return new Promise((resolve) => socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })));
}

/** Sends one update by the syncline dialect. Resolves with how the document was closed, or refused. */
async function synclineSends({ url }: SynclineServer, token: string, update: Uint8Array): Promise<Ending> {
  const speaker = await Speaker.open(url, "plan", { token });
  const answer = await Promise.race([speaker.hears("opened"), speaker.hears("refused")]);
  if (answer.type === "refused") return answer;
  speaker.say({ type: "update", room: answer.room, n: 1, update });
  return speaker.hears("close");
}

async function metric({ url }: SynclineServer, kind: string): Promise<number> {
  const text = await (await fetch(`${url.replace("ws", "http")}/metrics`)).text();
  return Number(new RegExp(`{kind="${kind}"} (\\d+)`).exec(text)?.[1]);
}

test.each([
  ["y-websocket", stockSends],
  ["syncline", synclineSends],
])(
  "after five broken updates over %s a subject is refused with 4529 in both dialects, and nobody else is",
  async (_, sends) => {
    const server = await serve();
    for (let count = 0; count < 5; count++) {
      expect(await sends(server, "mallory", broken)).toMatchObject({
        code: closeCodes.protocolError,
        reason: "an update was refused: bytes follow the delete set",
      });
    }
    for (const again of [stockSends, synclineSends]) {
      const { code, reason } = await again(server, "mallory", broken);
      expect(code).toBe(closeCodes.rateLimited);
      expect(reason).toMatch(comeBack);
    }
    expect(await metric(server, "strikes")).toBe(2);
    // What others send is their own.
    expect(await sends(server, "ann", broken)).toMatchObject({ code: closeCodes.protocolError });
  },
);

test("frames that are not understood count like updates that are not", async () => {
  const server = await serve();
  for (let count = 0; count < 5; count++) {
    expect(await stockSays(server, "mallory", Uint8Array.of(0, 2, 200))).toMatchObject({
      code: closeCodes.protocolError,
    });
  }
  expect((await synclineSends(server, "mallory", broken)).code).toBe(closeCodes.rateLimited);
});

test("who sits at this machine is not refused: a proxy would be, with all who are behind it", async () => {
  const server = await serve();
  for (let count = 0; count < 8; count++) {
    expect(await stockSends(server, "", broken)).toMatchObject({ code: closeCodes.protocolError });
  }
});

/** A server behind a proxy on this machine, which says where its clients are from. */
async function serveBehindProxy(): Promise<SynclineServer> {
  const server = await startServer({
    port: 0,
    data: new MemoryStorage(),
    trustedProxies: ["loopback"],
    authorize: ({ token }) => ({ access: "write", tokenId: token === "" ? undefined : token }),
  });
  onTestFinished(() => server.close());
  return server;
}

/** A socket at one address. Resolves with how it was closed. */
function saysFrom({ url }: SynclineServer, path: string, frame: Uint8Array): Promise<Ending> {
  const socket = new WebSocket(url + path, { headers: { "X-Forwarded-For": "203.0.113.7" } });
  onTestFinished(() => socket.terminate());
  socket.on("open", () => socket.send(frame));
  return new Promise((resolve) => socket.once("close", (code, reason) => resolve({ code, reason: reason.toString() })));
}

const brokenFrame = encodeYWebsocketMessage({ type: "update", update: broken });

test("what is sent by who was let in nowhere is held against nobody at its address", async () => {
  const server = await serveBehindProxy();
  for (const path of [synclinePath, sharedSocketPath]) {
    for (let count = 0; count < 5; count++) {
      expect((await saysFrom(server, path, Uint8Array.of(200))).code).toBe(closeCodes.protocolError);
    }
  }
  expect(await metric(server, "protocol")).toBe(10);
  const { code } = await saysFrom(server, "/plan", brokenFrame);
  expect(code).toBe(closeCodes.protocolError);
});

test("who was let in without a name answers as its address, and who has a token of its own does not", async () => {
  const server = await serveBehindProxy();
  for (let count = 0; count < 5; count++) await saysFrom(server, "/plan", brokenFrame);
  expect((await saysFrom(server, "/plan", brokenFrame)).code).toBe(closeCodes.rateLimited);
  for (let count = 0; count < 5; count++) {
    expect((await saysFrom(server, "/plan?token=card", brokenFrame)).code).toBe(closeCodes.protocolError);
  }
  expect((await saysFrom(server, "/plan?token=card", brokenFrame)).code).toBe(closeCodes.rateLimited);
  expect((await saysFrom(server, "/plan?token=other", brokenFrame)).code).toBe(closeCodes.protocolError);
});

test("an update that is too large is no strike", async () => {
  const server = await serve();
  const huge = pills.find(({ name }) => name.startsWith("300,000 deletions"))?.bytes ?? new Uint8Array();
  for (let count = 0; count < 6; count++) {
    const { code, reason } = await stockSends(server, "ann", huge);
    expect(code).toBe(closeCodes.tooLarge);
    expect(reason).toMatch(/250000 ranges; it has to be sent in parts/);
  }
  expect(await metric(server, "strikes")).toBe(0);
  expect(await metric(server, "size")).toBe(6);
});
