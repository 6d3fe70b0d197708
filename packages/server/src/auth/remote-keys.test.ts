import { generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { SignJWT } from "jose";
import { expect, onTestFinished, test } from "vitest";
import { NotAuthorized } from "../connection/authorize.js";
import { nobodyKnown } from "../connection/transport.js";
import { jwtAuthorize } from "./jwt.js";
import { RemoteKeys } from "./remote-keys.js";

const [first, second] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];
const jwkOf = (key: KeyObject, kid: string) => ({ ...key.export({ format: "jwk" }), kid, alg: "EdDSA" });
const setOf = (...keys: object[]) => JSON.stringify({ keys });

/** Publishes a key set. */
async function publisher(body: string) {
  const state = { body, status: 200, asked: 0, answer: undefined as ((response: ServerResponse) => void) | undefined };
  const server = createServer((_request, response) => {
    state.asked += 1;
    if (state.answer) return state.answer(response);
    response.writeHead(state.status, { "Content-Type": "application/json" }).end(state.body);
  });
  server.listen(0, "127.0.0.1");
  await new Promise((resolve) => server.once("listening", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return Object.assign(state, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys` });
}

const has = (alg: "EdDSA" | "RS256", kid?: string) => ({ alg, kid });

test("a set is fetched once, when it is first needed", async () => {
  const published = await publisher(setOf(jwkOf(first.publicKey, "1")));
  const keys = new RemoteKeys({ url: published.url });
  expect(published.asked).toBe(0);
  const found = await Promise.all(Array.from({ length: 20 }, () => keys.keysFor(has("EdDSA", "1"))));
  expect(found.every((each) => each.length === 1)).toBe(true);
  expect(await keys.keysFor(has("EdDSA"))).toHaveLength(1);
  expect(await keys.keysFor(has("RS256"))).toHaveLength(0);
  expect(published.asked).toBe(1);
});

test("a key that is not there is looked for again after the cooldown, not before", async () => {
  const published = await publisher(setOf(jwkOf(first.publicKey, "1")));
  const patient = new RemoteKeys({ url: published.url });
  const eager = new RemoteKeys({ url: published.url, cooldownMs: 0 });
  for (const keys of [patient, eager]) await keys.keysFor(has("EdDSA", "1"));
  published.body = setOf(jwkOf(first.publicKey, "1"), jwkOf(second.publicKey, "2"));
  const before = published.asked;
  for (let n = 0; n < 10; n++) expect(await patient.keysFor(has("EdDSA", "2"))).toHaveLength(0);
  expect(published.asked).toBe(before);
  expect(await eager.keysFor(has("EdDSA", "2"))).toHaveLength(1);
  expect(published.asked).toBe(before + 1);
});

test("a key that is not published any more is of no use once the set is old", async () => {
  const published = await publisher(setOf(jwkOf(first.publicKey, "1")));
  const keys = new RemoteKeys({ url: published.url, cacheMaxAgeMs: 0 });
  expect(await keys.keysFor(has("EdDSA", "1"))).toHaveLength(1);
  published.body = setOf(jwkOf(second.publicKey, "2"));
  expect(await keys.keysFor(has("EdDSA", "1"))).toHaveLength(0);
});

test("a set that cannot be had is no verdict about a token; it is asked for again after a pause", async () => {
  const published = await publisher(setOf(jwkOf(first.publicKey, "1")));
  let nowMs = 0;
  const keys = new RemoteKeys({ url: published.url, now: () => nowMs });
  published.status = 500;
  for (let n = 0; n < 5; n++) await expect(keys.keysFor(has("EdDSA"))).rejects.toThrow(/could not be fetched/);
  expect(published.asked).toBe(1);
  nowMs = 1_000;
  published.status = 200;
  expect(await keys.keysFor(has("EdDSA"))).toHaveLength(1);
});

test.each<[string, (response: ServerResponse) => void]>([
  ["no JSON", (response) => response.end("<html>")],
  ["no set", (response) => response.end("[]")],
  ["a redirect", (response) => response.writeHead(302, { Location: "http://127.0.0.1:1/" }).end()],
  ["an end without an answer", (response) => response.destroy()],
  ["more than a set can be", (response) => response.end(`{"keys":[],"more":"${"x".repeat(2 * 1024 * 1024)}"}`)],
])("%s is a failure of the publisher's", async (_, answer) => {
  const published = await publisher("");
  published.answer = answer;
  const keys = new RemoteKeys({ url: published.url });
  const failed = keys.keysFor(has("EdDSA"));
  await expect(failed).rejects.toThrow(/^the keys of 127\.0\.0\.1:\d+ could not be fetched: /);
  await expect(failed).rejects.not.toBeInstanceOf(NotAuthorized);
});

test("secrets, and keys for other algorithms than are allowed, are not taken from a set", async () => {
  const secret = randomBytes(32).toString("base64url");
  const published = await publisher(setOf({ kty: "oct", k: secret, alg: "HS256" }, jwkOf(first.publicKey, "1")));
  const authorize = jwtAuthorize({ jwksUrl: published.url });
  const payload = { docs: { plan: "write" }, exp: Date.now() / 1000 + 60 };
  const ask = (token: string) =>
    authorize({ token, documentName: "plan", dialect: "syncline", request: nobodyKnown }) as Promise<unknown>;
  const hs = await new SignJWT(payload).setProtectedHeader({ alg: "HS256" }).sign(new TextEncoder().encode(secret));
  await expect(ask(hs)).rejects.toThrow(/not signed in a way that is taken/);
  const good = await new SignJWT(payload).setProtectedHeader({ alg: "EdDSA", kid: "1" }).sign(first.privateKey);
  expect(await ask(good)).toMatchObject({ access: "write" });
  const other = await new SignJWT(payload).setProtectedHeader({ alg: "EdDSA", kid: "1" }).sign(second.privateKey);
  await expect(ask(other)).rejects.toThrow(NotAuthorized);
  const keys = new RemoteKeys({ url: published.url, algorithms: ["RS256"] });
  expect(await keys.keysFor(has("EdDSA", "1"))).toHaveLength(0);
});
