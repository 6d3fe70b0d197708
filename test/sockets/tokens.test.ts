/** Signed tokens and links at the door, in both dialects: who gets in, for how long, and how access ends or changes meanwhile. */
import { createHmac, generateKeyPairSync } from "node:crypto";
import { SynclineProvider, type ProviderOptions } from "@syncline/client";
import { closeCodes } from "@syncline/protocol";
import {
  jwtAuthorize,
  MemoryStorage,
  signedLinkAuthorize,
  startServer,
  type Authorize,
  type ServerOptions,
} from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { WebSocket } from "ws";
import * as Y from "yjs";
import { synced, until, type Client, type SynclineClient } from "../support/clients.js";
import { stock } from "../support/door.js";
import { closeCode, hasAccess } from "../support/faulty-server.js";
import { hs256, newSecret, nowSeconds, rs256, unsigned, type Payload } from "../support/jwt.js";
import { patiently } from "../support/patience.js";
import { Speaker } from "../support/speaker.js";
import { tempDirectory } from "../support/temp-directory.js";

const secret = newSecret();
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const publicPem = rsa.publicKey.export({ format: "pem", type: "spki" }).toString();
const team = { docs: { "team/*": "write" } };
const token = (payload: Payload = {}, key = secret) => hs256({ ...team, sub: "alice", jti: "t1", ...payload }, key);

async function serve(authorize: Authorize = jwtAuthorize({ secret }), options: ServerOptions = {}) {
  const server = await startServer({ port: 0, data: new MemoryStorage(), authorize, ...options });
  onTestFinished(() => server.close());
  return server;
}

function sdk(url: string, documentName: string, bring: ProviderOptions["token"]): SynclineClient {
  const doc = new Y.Doc();
  const provider = new SynclineProvider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket,
    maxBackoffTime: 100,
    token: bring,
  });
  const destroy = () => void provider.destroy();
  onTestFinished(destroy);
  return { doc, text: doc.getText("text"), provider, destroy };
}

interface Closed {
  readonly code: number;
  readonly reason: string;
}

/** Resolves when the provider has given up for good. */
const closed = ({
  provider,
}: {
  readonly provider: { on(event: "closed", listener: (event: Closed) => void): void };
}) => new Promise<Closed>((resolve) => provider.on("closed", ({ code, reason }) => resolve({ code, reason })));

const bothDialects = [
  ["y-websocket", stock],
  ["syncline", sdk],
] as const satisfies readonly (readonly [string, (url: string, name: string, bring: string) => Client])[];

test("a stock client and ours meet in a document that their tokens are for", async () => {
  const { url } = await serve();
  const clients = [stock(url, "team/plan", token()), sdk(url, "team/plan", token({ sub: "bob" }))] as const;
  await Promise.all(clients.map(synced));
  clients[0].text.insert(0, "hello");
  await until(clients[1].doc, () => clients[1].text.toString() === "hello");
  clients[1].text.insert(5, " there");
  await until(clients[0].doc, () => clients[0].text.toString() === "hello there");
});

const refused: [string, () => string, RegExp][] = [
  ["none", () => "", /^a token is needed, and there is none$/],
  ["one that has expired", () => token({ exp: nowSeconds() - 60 }), /^the token expired at \d{4}-/],
  ["one of another key", () => token({}, newSecret()), /signature is wrong/],
  ["one that is not signed", () => `${unsigned({ alg: "none" }, team)}.`, /not signed \(its alg is "none"\)/],
  ["one that says no end", () => token({ exp: undefined as never }), /does not say when it expires/],
  ["one that is none", () => "x".repeat(100), /no JWT/],
];

for (const [dialect, connect] of bothDialects) {
  test.each(refused)(`${dialect}: with %s a client stays out, and is told why`, async (_, make, reason) => {
    const { url } = await serve();
    const client = connect(url, "team/plan", make());
    expect(await closed(client)).toEqual({
      code: closeCodes.notAuthenticated,
      reason: expect.stringMatching(reason) as string,
    });
    expect(client.provider.synced).toBe(false);
  });

  test(`${dialect}: a token for other documents opens none of these`, async () => {
    const { url } = await serve();
    expect(await closed(connect(url, "other/plan", token()))).toMatchObject({ code: closeCodes.forbidden });
    expect(await closed(connect(url, "team/a/b", token()))).toMatchObject({ code: closeCodes.forbidden });
  });

  test(`${dialect}: a public key's bytes are no secret`, async () => {
    const { url } = await serve(jwtAuthorize({ publicKey: publicPem }));
    const real = connect(url, "team/plan", rs256(team, rsa.privateKey));
    await synced(real);
    const forged = hs256(team, new TextEncoder().encode(publicPem));
    expect(await closed(connect(url, "team/plan", forged))).toEqual({
      code: closeCodes.notAuthenticated,
      reason: "the token is not signed in a way that is taken here (RS256)",
    });
  });

  test.each([
    ["person", { subject: "alice" }],
    ["token", { tokenId: "t1" }],
    ["document", { documentName: "team/plan" }],
  ])(`${dialect}: revoked by %s, a client is sent away at once, and stays out after a restart`, async (_, revoked) => {
    const data = await tempDirectory();
    const first = await serve(jwtAuthorize({ secret }), { data });
    const mine = token();
    const client = connect(first.url, "team/plan", mine);
    const other = connect(first.url, "team/notes", token({ sub: "bob", jti: "t2" }));
    await Promise.all([client, other].map(synced));
    const end = closed(client);
    expect(await first.revoke(revoked)).toBe(1);
    expect(await end).toEqual({ code: closeCodes.notAuthenticated, reason: "the access was revoked" });
    expect((other as Client).provider.wsconnected).toBe(true);
    await first.close();

    const second = await serve(jwtAuthorize({ secret }), { data });
    expect(await closed(connect(second.url, "team/plan", mine))).toMatchObject({ code: closeCodes.notAuthenticated });
    await synced(connect(second.url, "team/plan", token({ sub: "carol", jti: "t3" })));
  });
}

test("keys that cannot be had send nobody away for good", async () => {
  const { url } = await serve(jwtAuthorize({ jwksUrl: "http://127.0.0.1:1/keys" }));
  const signed = rs256(team, rsa.privateKey);
  expect(await closeCode(stock(url, "team/plan", signed))).toBe(closeCodes.internalError);
  const speaker = await Speaker.open(url, "team/plan", { token: signed });
  expect(await speaker.hears("refused")).toMatchObject({
    code: closeCodes.internalError,
    reason: "the token could not be checked; come back later",
  });
});

test("a token that was made since lets its owner in again, but not one with a name that was revoked", async () => {
  const server = await serve();
  await server.revoke({ subject: "alice" });
  await server.revoke({ tokenId: "t9" });
  await synced(stock(server.url, "team/plan", token({ iat: nowSeconds() + 1 })));
  const named = token({ sub: "bob", jti: "t9", iat: nowSeconds() + 1 });
  expect(await closed(stock(server.url, "team/plan", named))).toMatchObject({ reason: "the access was revoked" });
});

test("our client brings a fresh token before the old one runs out, and stays", async () => {
  const { url } = await serve();
  const brought: string[] = [];
  const client = sdk(url, "team/plan", () => {
    const fresh = token({ exp: nowSeconds() + 1, jti: `t${brought.length}` });
    brought.push(fresh);
    return fresh;
  });
  let endCount = 0;
  client.provider.on("connection-close", () => (endCount += 1));
  await synced(client);
  // With the tolerance for clocks each lasts for 6 s, and is asked for when half of that is left.
  await expect.poll(() => brought.length, { timeout: 20_000 }).toBeGreaterThanOrEqual(3);
  client.text.insert(0, "still here");
  await client.provider.whenDurable();
  expect(endCount).toBe(0);
});

test("a stock client is closed when its token has run out", async () => {
  const { url } = await serve();
  // With the tolerance for clocks it has three seconds to come.
  const exp = nowSeconds() - 2;
  const client = stock(url, "team/plan", token({ exp }));
  await synced(client);
  expect(await closed(client)).toEqual({ code: closeCodes.notAuthenticated, reason: "the token has expired" });
  expect(nowSeconds()).toBeGreaterThanOrEqual(exp + 5);
});

/** Tokens, and a table of who may only read at the moment. */
async function serveWithReaders() {
  const readers = new Set<string>();
  const signed = jwtAuthorize({ secret });
  const server = await serve(async (request) => {
    const granted = await signed(request);
    return readers.has(granted.subject ?? "") ? { ...granted, access: "read" } : granted;
  });
  return { server, readers };
}

test("access goes down and up again while our client is connected", async () => {
  const { server, readers } = await serveWithReaders();
  const client = sdk(server.url, "team/plan", token());
  await synced(client);
  readers.add("alice");
  expect(await server.reauthorize({ subject: "alice" })).toBe(1);
  await hasAccess(client, "read", /^$/);
  readers.clear();
  await server.reauthorize({ subject: "alice" });
  await hasAccess(client, "write");
  client.text.insert(0, "written");
  await client.provider.whenDurable();
});

test("access goes down and up again while a stock client is connected, and what it typed meanwhile arrives", async () => {
  const { server, readers } = await serveWithReaders();
  const [client, other] = [
    stock(server.url, "team/plan", token()),
    stock(server.url, "team/plan", token({ sub: "bob", jti: "t2" })),
  ];
  await Promise.all([client, other].map(synced));
  readers.add("alice");
  await server.reauthorize({ subject: "alice" });
  await expect.poll(() => client.denials, patiently).toEqual(["you may read this document, not change it"]);
  client.text.insert(0, "typed");
  other.text.insert(0, "by bob, ");
  await until(client.doc, () => client.text.toString().includes("by bob"));
  expect(other.text.toString()).toBe("by bob, ");
  readers.clear();
  await server.reauthorize({ subject: "alice" });
  await until(other.doc, () => other.text.toString().includes("typed"));
});

test("a link opens its one document, beside tokens", async () => {
  const { url } = await serve(signedLinkAuthorize({ secret, otherwise: jwtAuthorize({ secret }) }));
  const [issued, expires] = [Math.floor(nowSeconds()), Math.floor(nowSeconds()) + 60];
  const text = `link\nread\n${expires}\n${issued}\nteam/plän`;
  const signature = createHmac("sha256", Buffer.from(secret, "base64url")).update(text).digest("base64url");
  const link = `link.read.${expires}.${issued}.${signature}`;
  const writer = sdk(url, "team/plän", token());
  const readers = [stock(url, "team/plän", link), sdk(url, "team/plän", link)];
  await Promise.all([writer, ...readers].map(synced));
  writer.text.insert(0, "for all");
  for (const reader of readers) await until(reader.doc, () => reader.text.toString() === "for all");
  readers[0]?.text.insert(0, "not ");
  await expect.poll(() => readers[0] && "denials" in readers[0] && readers[0].denials, patiently).toHaveLength(1);
  expect(writer.text.toString()).toBe("for all");
  expect(await closed(stock(url, "team/plan", link))).toEqual({
    code: closeCodes.notAuthenticated,
    reason: "the link is for another document, or was changed, or made with another key",
  });
});
