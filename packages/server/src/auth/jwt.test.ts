import { createHmac, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import { SignJWT, type JWTPayload } from "jose";
import { expect, test } from "vitest";
import { nobodyKnown } from "../connection/transport.js";
import { NotAuthorized, type Authorization } from "../connection/authorize.js";
import { jwtAuthorize, type JwtAuthorizeOptions } from "./jwt.js";
import { mintToken } from "./mint.js";
import type { Algorithm, PublicJwk } from "./verification-key.js";

const now = 1_800_000_000_000;
const nowSeconds = now / 1000;
const wallClock = () => now;

const secretOf = (byteCount: number) => randomBytes(byteCount).toString("base64url");
const secret = secretOf(64);
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const p256 = generateKeyPairSync("ec", { namedCurve: "P-256" });
const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" });
const p521 = generateKeyPairSync("ec", { namedCurve: "P-521" });
const ed25519 = generateKeyPairSync("ed25519");

const pemOf = (key: KeyObject) => key.export({ format: "pem", type: "spki" }).toString();
const jwkOf = (key: KeyObject, said: Partial<PublicJwk> = {}): PublicJwk => ({
  ...key.export({ format: "jwk" }),
  ...said,
});

const sound = { docs: { plan: "write" }, exp: nowSeconds + 60 };

function sign(
  payload: JWTPayload,
  key: KeyObject | Uint8Array,
  header: { alg: string; kid?: string },
): Promise<string> {
  return new SignJWT(payload).setProtectedHeader(header).sign(key);
}

const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));
const signHs256 = (payload: JWTPayload, key = secret) => sign(payload, bytesOf(key), { alg: "HS256" });

/** A token as anybody can write it. */
function forge(header: object, payload: object, signature = ""): string {
  const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${encode(header)}.${encode(payload)}.${signature}`;
}

async function ask(
  options: JwtAuthorizeOptions,
  token: string,
  documentName = "plan",
): Promise<Authorization | string> {
  try {
    const authorize = jwtAuthorize({ wallClock, ...options });
    return await authorize({ token, documentName, dialect: "syncline", request: nobodyKnown });
  } catch (thrown) {
    if (thrown instanceof NotAuthorized) return thrown.reason;
    throw thrown;
  }
}

test("what a token says is what is granted", async () => {
  const [user, rates] = [{ name: "Alice" }, { bytesPerSecond: 1000 }];
  const token = await signHs256({ ...sound, sub: "alice", jti: "t1", iat: nowSeconds - 5, user, rates });
  expect(await ask({ secret }, token)).toEqual({
    access: "write",
    subject: "alice",
    tokenId: "t1",
    issuedAt: now - 5_000,
    // With the tolerance that its check has.
    expiresAt: now + 60_000 + 5_000,
    user,
    rates: { bytesPerSecond: 1000 },
  });
  expect(await ask({ secret }, token, "another")).toMatchObject({ access: "none" });
});

const pairs: [Algorithm, { privateKey: KeyObject; publicKey: KeyObject }][] = [
  ["RS256", rsa],
  ["RS384", rsa],
  ["RS512", rsa],
  ["PS256", rsa],
  ["PS384", rsa],
  ["PS512", rsa],
  ["ES256", p256],
  ["ES384", p384],
  ["ES512", p521],
  ["EdDSA", ed25519],
  ["Ed25519", ed25519],
];

test.each(pairs)("%s: by a public key as PEM, as JWK and in a set", async (alg, { privateKey, publicKey }) => {
  const token = await sign(sound, privateKey, { alg });
  const granted = expect.objectContaining({ access: "write" }) as unknown;
  expect(await ask({ publicKey: pemOf(publicKey), algorithms: [alg] }, token)).toEqual(granted);
  expect(await ask({ publicKey: jwkOf(publicKey, { alg }) }, token)).toEqual(granted);
  expect(await ask({ jwks: { keys: [jwkOf(publicKey, { alg })] } }, token)).toEqual(granted);
});

test.each([
  ["HS256", 32],
  ["HS384", 48],
  ["HS512", 64],
] as const)("%s: by a secret of %i bytes, and by none that is shorter", async (alg, byteCount) => {
  const key = secretOf(byteCount);
  const token = await sign(sound, bytesOf(key), { alg });
  expect(await ask({ secret: key, algorithms: [alg] }, token)).toMatchObject({ access: "write" });
  const short = secretOf(byteCount - 1);
  const made = () => jwtAuthorize({ secret: short, algorithms: [alg] });
  expect(made).toThrow(new RegExp(`${byteCount - 1} bytes; ${alg} takes one of at least ${byteCount} bytes`));
  expect(made).not.toThrow(new RegExp(short));
});

test("an RSA key that does not say what it is for is for RS256", async () => {
  const options = { publicKey: pemOf(rsa.publicKey) };
  expect(await ask(options, await sign(sound, rsa.privateKey, { alg: "RS256" }))).toMatchObject({ access: "write" });
  for (const alg of ["PS256", "RS512"]) {
    expect(await ask(options, await sign(sound, rsa.privateKey, { alg }))).toMatch(/not signed in a way/);
  }
});

test("a token that is not signed is not accepted, however it is written", async () => {
  for (const options of [{ secret }, { publicKey: pemOf(rsa.publicKey) }]) {
    expect(await ask(options, forge({ alg: "none" }, sound))).toBe('the token is not signed (its alg is "none")');
    for (const alg of ["None", "NONE", "nOnE", "", undefined, null, 0, ["HS256"]]) {
      expect(await ask(options, forge({ alg }, sound))).toMatch(/^the token is (not signed in a way|no JWT)/);
    }
  }
  expect(await ask({ secret }, forge({ alg: "HS256" }, sound))).toMatch(/signature is wrong/);
});

test("a token that is signed with a public key's bytes, as if they were a secret, is not accepted", async () => {
  for (const { publicKey } of [rsa, p256, ed25519]) {
    const jwk = jwkOf(publicKey);
    const der = publicKey.export({ format: "der", type: "spki" });
    for (const bytes of [pemOf(publicKey), pemOf(publicKey).trim(), der, JSON.stringify(jwk), jwk.n ?? jwk.x ?? ""]) {
      const unsigned = forge({ alg: "HS256" }, sound).slice(0, -1);
      const token = `${unsigned}.${createHmac("sha256", bytes).update(unsigned).digest("base64url")}`;
      expect(await ask({ publicKey: pemOf(publicKey) }, token)).toMatch(/not signed in a way that is taken/);
      expect(await ask({ jwks: { keys: [jwk] } }, token)).toMatch(/not signed in a way that is taken/);
      // Also where there is a secret besides.
      expect(await ask({ publicKey: pemOf(publicKey), secret }, token)).toMatch(/signature is wrong/);
    }
    // And one that says whose key it is.
    expect(await ask({ jwks: { keys: [jwk] } }, forge({ alg: "HS256", jwk }, sound, "AAAA"))).toMatch(
      /not signed in a way/,
    );
  }
});

test("a public key is no secret, and a secret no public key, whatever form they are given in", () => {
  const encoded = (key: KeyObject, format: "pem" | "der") => Buffer.from(key.export({ format, type: "spki" } as never));
  for (const { publicKey } of [rsa, p384, ed25519]) {
    for (const format of ["pem", "der"] as const) {
      const asSecret = encoded(publicKey, format).toString("base64url");
      expect(() => jwtAuthorize({ secret: asSecret })).toThrow(/the secret is a public key/);
    }
    expect(() => jwtAuthorize({ secret: pemOf(publicKey) })).toThrow(/not base64url/);
  }
  const oct = { kty: "oct", k: secret, alg: "HS256" };
  expect(() => jwtAuthorize({ publicKey: oct })).toThrow(/this is a secret/);
  expect(() => jwtAuthorize({ jwks: { keys: [oct] } })).toThrow(/no public key that can be used/);
  expect(() => jwtAuthorize({ publicKey: jwkOf(rsa.privateKey) })).toThrow(/this is a private key/);
  const privatePem = rsa.privateKey.export({ format: "pem", type: "pkcs8" }).toString();
  expect(() => jwtAuthorize({ publicKey: privatePem })).toThrow(/this is a private key/);
});

test.each([
  [{}, /tokens need a key/],
  [{ secret: "too short" }, /not base64url/],
  [{ secret: "dG9vIHNob3J0" }, /9 bytes/],
  [{ secret: [] }, /tokens need a key/],
  [{ publicKey: "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----" }, /cannot be read/],
  [{ publicKey: pemOf(generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey) }, /RSA with at least 2048 bits/],
  [{ publicKey: pemOf(generateKeyPairSync("x25519").publicKey) }, /a kind that is not taken/],
  [{ publicKey: jwkOf(p256.publicKey, { alg: "HS256" }) }, /says that it is for HS256, which it cannot be/],
  [{ publicKey: pemOf(p256.publicKey), algorithms: ["RS256"] }, /for none of the algorithms/],
  [{ secret, algorithms: ["RS256"] }, /for none of the algorithms/],
  [{ secret, algorithms: ["HS256", "RS256"] }, /there is no key for RS256/],
  [{ secret, algorithms: ["none"] }, /there is no none/],
  [{ jwks: { keys: [] } }, /no public key that can be used/],
  [{ jwks: [] }, /a key set is an object/],
  [{ jwksUrl: "http://keys.example.org/set" }, /https/],
  [{ jwksUrl: "file:///etc/keys" }, /https/],
  [{ jwksUrl: "keys" }, /https/],
  [{ jwksUrl: "https://keys.example.org/set", algorithms: ["HS256"] }, /tokens need a key/],
  [{ secret, anonymous: "all" }, /anonymous is none, presence/],
])("keys that cannot be used are refused when the server is made: %#", (options, message) => {
  expect(() => jwtAuthorize(options as JwtAuthorizeOptions)).toThrow(message);
  expect(() => jwtAuthorize(options as JwtAuthorizeOptions)).toThrow(
    expect.objectContaining({ code: "invalid-option" }),
  );
});

test.each<[Record<string, unknown>, Partial<JwtAuthorizeOptions>, string | RegExp]>([
  [{ exp: nowSeconds - 6 }, {}, "the token expired at 2027-01-15T07:59:54Z"],
  [{ exp: undefined }, {}, "the token does not say when it expires (exp), and has to"],
  [{ exp: "soon" }, {}, "the token's exp is no number"],
  [{ nbf: nowSeconds + 6 }, {}, "the token is not to be used before 2027-01-15T08:00:06Z"],
  [{ nbf: "later" }, {}, "the token's nbf is no number"],
  [{ iat: nowSeconds + 6 }, {}, "the token was made in the future: a clock is wrong"],
  [{ aud: "shop" }, { audience: "sync" }, "the token is for another audience (aud), not for sync"],
  [{}, { audience: ["sync", "docs"] }, "the token does not say whom it is for (aud), and has to"],
  [{ iss: "https://them" }, { issuer: "https://us" }, "the token is of another issuer (iss), not of https://us"],
  [{}, { issuer: "https://us" }, "the token does not say who made it (iss), and has to"],
  [{ iat: nowSeconds - 606 }, { maxAgeMs: 600_000 }, /^the token was made at .*; 600 s is the oldest that is taken$/],
  [{}, { maxAgeMs: 600_000 }, "the token does not say when it was made (iat), and has to"],
  [{ sub: 7 }, {}, "the token's sub is no text"],
  [{ jti: {} }, {}, "the token's jti is no text"],
  [{ docs: undefined }, {}, "the token has no docs claim, which says what may be done in which documents"],
  [{ docs: { plan: "all" } }, {}, /^the token has a docs claim whose access is none of/],
])("a token that does not hold is refused with what is wrong: %j", async (changed, options, reason) => {
  const token = await signHs256({ ...sound, ...changed });
  const answer = await ask({ secret, ...options }, token);
  if (typeof reason === "string") expect(answer).toBe(reason);
  else expect(answer).toMatch(reason);
  // It fits into what a WebSocket can be closed with, and is not the token.
  expect(Buffer.byteLength(String(answer))).toBeLessThanOrEqual(123);
  for (const part of token.split(".")) expect(answer).not.toContain(part);
});

test.each<[Record<string, unknown>, Partial<JwtAuthorizeOptions>]>([
  [{ exp: nowSeconds - 4 }, {}],
  [{ nbf: nowSeconds + 5 }, {}],
  [{ iat: nowSeconds + 5 }, {}],
  [{ iat: nowSeconds - 604 }, { maxAgeMs: 600_000 }],
  [{ aud: ["shop", "sync"] }, { audience: "sync" }],
  [{ iss: "b" }, { issuer: ["a", "b"] }],
])("clocks may be 5 s apart, and one of several names is enough: %j", async (changed, options) => {
  const answer = await ask({ secret, ...options }, await signHs256({ ...sound, ...changed }));
  expect(answer).toMatchObject({ access: "write" });
});

test("a token that is older than allowed ends no later than that, whatever it says", async () => {
  const token = await signHs256({ ...sound, iat: nowSeconds, exp: nowSeconds + 86_400 });
  expect(await ask({ secret, maxAgeMs: 60_000 }, token)).toMatchObject({ expiresAt: now + 65_000 });
});

test("a token without iat counts as made before any revocation", async () => {
  expect(await ask({ secret }, await signHs256(sound))).toMatchObject({ issuedAt: 0 });
});

test("what was signed with another key, or changed since, is not accepted", async () => {
  const token = await signHs256(sound);
  expect(await ask({ secret: secretOf(32) }, token)).toMatch(/signature is wrong/);
  const [header, , signature] = token.split(".");
  const payload = forge({}, { ...sound, docs: { "**": "write" } }).split(".")[1];
  expect(await ask({ secret }, `${header}.${payload}.${signature}`)).toMatch(/signature is wrong/);
});

test.each(["x", "a.b", "a.b.c", "a.b.c.d.e", "{}", ".", "..", "eyJhbGciOiJIUzI1NiJ9..", "é".repeat(100), "\0"])(
  "%j is no JWT",
  async (token) => {
    expect(await ask({ secret }, token)).toMatch(/^the token('s signature is wrong| is (no JWT|not signed in a way))/);
  },
);

test("a token that demands what is not known here is not accepted", async () => {
  const header = { alg: "HS256", crit: ["exp2"], exp2: 1 };
  expect(await ask({ secret }, forge(header, sound, "AAAA"))).toMatch(/does not know \(crit\)|no JWT/);
  const unencoded = { alg: "HS256", crit: ["b64"], b64: false };
  expect(await ask({ secret }, forge(unencoded, sound, "AAAA"))).toEqual(expect.any(String));
});

test("while one key takes the place of another both are taken; a kid says which is meant", async () => {
  const fresh = secretOf(32);
  for (const key of [secret, fresh]) {
    expect(await ask({ secret: [fresh, secret] }, await signHs256(sound, key))).toMatchObject({ access: "write" });
  }
  const [old, next] = [generateKeyPairSync("ed25519"), generateKeyPairSync("ed25519")];
  const jwks = { keys: [jwkOf(old.publicKey, { kid: "old" }), jwkOf(next.publicKey, { kid: "next" })] };
  const signed = (kid: string | undefined, { privateKey }: { privateKey: KeyObject }) =>
    sign(sound, privateKey, { alg: "EdDSA", ...(kid !== undefined && { kid }) });
  expect(await ask({ jwks }, await signed("old", old))).toMatchObject({ access: "write" });
  expect(await ask({ jwks }, await signed(undefined, next))).toMatchObject({ access: "write" });
  expect(await ask({ jwks }, await signed("old", next))).toMatch(/signature is wrong/);
  expect(await ask({ jwks }, await signed("older", old))).toMatch(/names a key \(kid\) that this server does not have/);
});

test("keys for other things in a set are left out", async () => {
  const keys = [
    jwkOf(rsa.publicKey, { use: "enc" }),
    { kty: "oct", k: secret },
    { kty: "new" },
    jwkOf(p256.publicKey, { use: "sig" }),
  ];
  const token = await sign(sound, p256.privateKey, { alg: "ES256" });
  expect(await ask({ jwks: { keys } }, token)).toMatchObject({ access: "write" });
  expect(await ask({ jwks: { keys } }, await sign(sound, rsa.privateKey, { alg: "RS256" }))).toMatch(
    /not signed in a way/,
  );
});

test("who brings no token hears so, or may do what anonymous says", async () => {
  expect(await ask({ secret }, "")).toBe("a token is needed, and there is none");
  expect(await ask({ secret, anonymous: "read" }, "")).toEqual({ access: "read" });
  // A token that does not hold is not the same as none.
  expect(await ask({ secret, anonymous: "read" }, "x")).toMatch(/no JWT/);
});

test("a program's own claims are mapped; a mistake in that is its, not the token's", async () => {
  const token = await signHs256({ exp: sound.exp, team: "blue" });
  const claims = ({ team }: JWTPayload) => ({ docs: { [`${team as string}/*`]: "write" as const } });
  expect(await ask({ secret, claims }, token, "blue/plan")).toMatchObject({ access: "write" });
  expect(await ask({ secret, claims }, token, "red/plan")).toMatchObject({ access: "none" });
  await expect(ask({ secret, claims: () => ({}) as never }, token)).rejects.toThrow(/no docs claim/);
  const refuse = () => {
    throw new NotAuthorized("no team any more");
  };
  expect(await ask({ secret, claims: refuse }, token)).toBe("no team any more");
});

test("what mints makes is what is taken", async () => {
  const minted = await mintToken(
    { docs: { "team/*": "comment" }, lifetimeMs: 60_000, subject: "alice", user: { name: "Alice" }, audience: "sync" },
    { secret, wallClock: () => now + 123 },
  );
  expect(await ask({ secret, audience: "sync" }, minted, "team/plan")).toMatchObject({
    access: "comment",
    subject: "alice",
    issuedAt: now + 123,
    expiresAt: now + 65_123,
    tokenId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
    user: { name: "Alice" },
  });
  const hs512 = { secret, algorithms: ["HS512"] } as const;
  expect(
    await ask(hs512, await mintToken({ docs: { plan: "read" }, lifetimeMs: 1 }, { ...hs512, wallClock })),
  ).toMatchObject({ access: "read" });
});
