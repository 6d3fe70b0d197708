import { createHmac, generateKeyPairSync, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { NotAuthorized, type Authorization } from "../connection/authorize.js";
import { nobodyKnown } from "../connection/transport.js";
import { signedLinkAuthorize, signLink, type SignedLinkOptions } from "./signed-link.js";

const now = 1_800_000_000_000;
const issued = now / 1000 - 10;
const expires = now / 1000 + 60;
const secret = randomBytes(32).toString("base64url");
const link = signLink({ documentName: "team/plän", access: "comment", expires, issued }, secret);

async function ask(token: string, options: Partial<SignedLinkOptions> & { documentName?: string } = {}) {
  const { documentName = "team/plän", ...changed } = options;
  try {
    const authorize = signedLinkAuthorize({ secret, wallClock: () => now, ...changed });
    return await authorize({ token, documentName, dialect: "y-websocket", request: nobodyKnown });
  } catch (thrown) {
    if (thrown instanceof NotAuthorized) return thrown.reason;
    throw thrown;
  }
}

test("a link is made in three lines, as documented", () => {
  const text = `link\ncomment\n${expires}\n${issued}\nteam/plän`;
  const mac = createHmac("sha256", Buffer.from(secret, "base64url")).update(text).digest("base64url");
  expect(link).toBe(`link.comment.${expires}.${issued}.${mac}`);
});

test("it opens its document, until it expires", async () => {
  const granted = { access: "comment", expiresAt: expires * 1000 + 5_000, issuedAt: issued * 1000 };
  expect(await ask(link)).toEqual({ ...granted, tokenId: link.split(".")[4]?.slice(0, 16) });
  expect(await ask(link, { wallClock: () => expires * 1000 + 4_999 })).toMatchObject(granted);
  expect(await ask(link, { wallClock: () => expires * 1000 + 5_000 })).toBe("the link expired at 2027-01-15T08:01:00Z");
});

test("it is for this one document, access and time only", async () => {
  const wrong = /for another document, or was changed, or made with another key/;
  for (const documentName of ["team/plan", "team/plän2", "team/pl", "", "plän"]) {
    expect(await ask(link, { documentName })).toMatch(wrong);
  }
  expect(await ask(link.replace("comment", "write"))).toMatch(wrong);
  expect(await ask(link.replace(String(expires), String(expires + 1)))).toMatch(wrong);
  expect(await ask(link.replace(String(issued), String(issued + 1)))).toMatch(wrong);
  expect(await ask(link, { secret: randomBytes(32).toString("base64url") })).toMatch(wrong);
  // A zero more means the same time, and is another text.
  expect(await ask(link.replace(String(expires), `0${expires}`))).toMatch(wrong);
});

test("no field can pass for a part of another", async () => {
  const made = signLink({ documentName: `5\nb`, access: "read", expires, issued }, secret);
  const mac = made.split(".").at(-1) ?? "";
  expect(await ask(made, { documentName: "5\nb" })).toMatchObject({ access: "read" });
  expect(await ask(`link.read.${expires}.5.${mac}`, { documentName: "b" })).toEqual(expect.any(String));
});

test.each([
  "link.",
  "link.read",
  "link.all.1800000060.1799999990.",
  `link.none.${expires}.${issued}.${"A".repeat(43)}`,
  `link.toString.${expires}.${issued}.${"A".repeat(43)}`,
  `link.read.-1.${issued}.${"A".repeat(43)}`,
  `link.read.1e9.${issued}.${"A".repeat(43)}`,
  `link.read.${expires}.${issued}.${"A".repeat(42)}`,
  `link.read.${expires}.${issued}.${"A".repeat(44)}`,
  `${link}.`,
  `${link}\n`,
  ` ${link}`,
])("what is not written as a link is refused: %#", async (token) => {
  expect(await ask(token)).toMatch(/^the (link cannot be read|token is no link)/);
});

test("one that was made in the future is refused: it would outlive a revocation", async () => {
  const early = signLink({ documentName: "team/plän", access: "read", expires, issued: now / 1000 + 6 }, secret);
  expect(await ask(early)).toBe("the link was made in the future: a clock is wrong");
});

test("while one secret takes the place of another both are taken", async () => {
  expect(await ask(link, { secret: [randomBytes(32).toString("base64url"), secret] })).toMatchObject({
    access: "comment",
  });
});

test("other tokens are somebody else's to look at", async () => {
  expect(await ask("eyJ")).toBe("the token is no link");
  expect(await ask("")).toBe("a link is needed, and there is none");
  const asked: string[] = [];
  const otherwise = ({ token }: { token: string }): Authorization => {
    asked.push(token);
    return { access: "read" };
  };
  expect(await ask("eyJ", { otherwise })).toEqual({ access: "read" });
  expect(await ask("", { otherwise })).toEqual({ access: "read" });
  expect(await ask("link.nothing", { otherwise })).toMatch(/cannot be read/);
  expect(asked).toEqual(["eyJ", ""]);
});

test("a secret that is none is refused at once, and not quoted", () => {
  const short = randomBytes(31).toString("base64url");
  expect(() => signedLinkAuthorize({ secret: short })).toThrow(/31 bytes/);
  expect(() => signedLinkAuthorize({ secret: short })).not.toThrow(short);
  const { publicKey } = generateKeyPairSync("ed25519");
  const der = publicKey.export({ format: "der", type: "spki" }).toString("base64url");
  expect(() => signedLinkAuthorize({ secret: [secret, der] })).toThrow(/public key/);
});
