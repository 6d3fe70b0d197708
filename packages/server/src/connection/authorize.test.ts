import { access, ProtocolError } from "@syncline/protocol";
import { expect, test } from "vitest";
import { AccessRefused, effectiveAccess, grantFor, NotAuthorized, type Authorize } from "./authorize.js";

const request = { token: "secret-token", documentName: "plan", dialect: "syncline" } as const;
const now = 1_800_000_000_000;

let logged: string;
async function ask(authorize: Authorize, changed: Partial<typeof request> | { token: string } = {}) {
  logged = "";
  const log = (fields: object, message: string) => void (logged += `${message} ${JSON.stringify(fields)}\n`);
  const logger = { debug: log, info: log, warn: log, error: log };
  try {
    return await grantFor({ ...request, ...changed }, { authorize, wallClock: () => now, logger });
  } catch (thrown) {
    if (thrown instanceof AccessRefused) return `${thrown.code} ${thrown.message}`;
    throw thrown;
  }
}

test("the callback is asked with what the client sent, and its answer is the grant", async () => {
  const asked: unknown[] = [];
  const grant = await ask((what) => {
    asked.push(what);
    return { access: "read", expiresAt: now + 1 };
  });
  expect(grant).toEqual({ level: access.read, expiresAtMs: now + 1 });
  expect(asked).toEqual([request]);
  expect(await ask(async () => ({ access: "write" }))).toEqual({ level: access.write, expiresAtMs: Infinity });
});

test("who throws does not accept the token; only NotAuthorized speaks to the client", async () => {
  const reject = (error: Error) => async () => Promise.reject(error);
  expect(await ask(reject(new NotAuthorized("the session has ended")))).toBe("4401 the session has ended");
  expect(logged).toBe("");
  expect(await ask(reject(new Error("no rows for secret-token in sessions")))).toBe("4401 the token was not accepted");
  // The log says what failed, and not the token.
  expect(logged).toMatch(/no rows for … in sessions/);
  expect(logged).not.toMatch(/secret/);
});

test("none is forbidden, and what has expired already is not let in", async () => {
  expect(await ask(() => ({ access: "none" }))).toMatch(/^4403 /);
  expect(await ask(() => ({ access: "write", expiresAt: now }))).toBe("4401 the token has expired");
});

test("a token above 8 KiB, and a name that is none, do not reach the callback", async () => {
  let isAsked = false;
  const authorize: Authorize = () => {
    isAsked = true;
    return { access: "write" };
  };
  expect(await ask(authorize, { token: "x".repeat(8 * 1024 + 1) })).toMatch(/^4401 /);
  await expect(grantFor({ ...request, documentName: "" }, { authorize } as never)).rejects.toThrow(ProtocolError);
  expect(isAsked).toBe(false);
});

test.each([{ access: "all" }, { access: "toString" }, { access: 2 }, { access: "read", expiresAt: "soon" }, undefined])(
  "an answer that is none lets nobody in: %j",
  async (answer) => {
    await expect(ask((() => answer) as unknown as Authorize)).rejects.toThrow(TypeError);
  },
);

test("a client may do the lesser of what it was granted and what the room takes, and hears the reason that lasts", () => {
  const [writer, reader] = [
    { level: access.write, expiresAtMs: Infinity },
    { level: access.read, expiresAtMs: Infinity },
  ];
  const writable = { level: access.write, reason: "" };
  const diskFull = { level: access.read, reason: "the disk is full" };
  const ended = { level: access.none, reason: "deleted" };
  expect(effectiveAccess(writable, writer)).toEqual(writable);
  expect(effectiveAccess(diskFull, writer)).toEqual(diskFull);
  expect(effectiveAccess(ended, reader)).toEqual(ended);
  expect(effectiveAccess(writable, reader)).toMatchObject({
    level: access.read,
    reason: "",
  });
  expect(effectiveAccess(diskFull, reader)).toEqual(effectiveAccess(writable, reader));
});
