import { access, ProtocolError } from "@syncline/protocol";
import { expect, test } from "vitest";
import { VirtualTime } from "../../test-support/virtual-time.js";
import {
  AccessRefused,
  grantFor,
  NotAuthorized,
  type Authorization,
  type Authorize,
  type AuthorizeRequest,
} from "./authorize.js";
import { Revocations, type Revocation } from "./revocations.js";
import { nobodyKnown } from "./transport.js";

const request: AuthorizeRequest = {
  token: "secret-token",
  documentName: "plan",
  dialect: "syncline",
  request: nobodyKnown,
};
const now = 1_800_000_000_000;

class World {
  readonly time = new VirtualTime();
  readonly revocations: Revocations;
  log = "";

  constructor(revoked: readonly Revocation[] = []) {
    this.revocations = new Revocations(revoked);
  }

  async ask(authorize: Authorize, changed: Partial<AuthorizeRequest> = {}) {
    const log = (fields: object, message: string) => void (this.log += `${message} ${JSON.stringify(fields)}\n`);
    const services = {
      authorize,
      revocations: this.revocations,
      strikes: { refusalOf: () => undefined },
      authorizeTimeoutMs: 10_000,
      timers: this.time,
      wallClock: () => now,
      logger: { debug: log, info: log, warn: log, error: log },
    };
    try {
      return await this.time.run(grantFor({ ...request, ...changed }, services));
    } catch (thrown) {
      if (thrown instanceof AccessRefused) return `${thrown.code} ${thrown.message}`;
      throw thrown;
    }
  }
}

const ask = (authorize: Authorize, changed?: Partial<AuthorizeRequest>) => new World().ask(authorize, changed);
const answering = (answer: Authorization) => ask(() => answer);

test("a promise of another library is waited for", async () => {
  const later = { then: (resolve: (answer: Authorization) => void) => resolve({ access: "read" }) };
  expect(await ask(() => later as Promise<Authorization>)).toMatchObject({ level: access.read });
});

test("the callback is asked with what the client sent, and its answer is the grant", async () => {
  const asked: unknown[] = [];
  const grant = await ask((what) => {
    asked.push(what);
    return { access: "read", expiresAt: now + 1 };
  });
  expect(asked).toEqual([request]);
  expect(grant).toMatchObject({ level: access.read, expiresAtMs: now + 1, tokenId: undefined });
  expect(await ask(async () => ({ access: "write" }))).toMatchObject({ level: access.write, expiresAtMs: Infinity });
});

test.each<[Authorization, object, object]>([
  [{ access: "write" }, { level: access.write }, { roots: undefined, mayRead: true, mayAnnounce: true }],
  [{ access: "write", write: ["body"] }, { level: access.comment }, { roots: ["body"] }],
  [{ access: "comment" }, { level: access.comment }, { roots: ["comments"] }],
  [{ access: "comment", write: ["notes"] }, { level: access.comment }, { roots: ["notes"] }],
  [{ access: "comment", write: [] }, { level: access.comment }, { roots: [] }],
  [{ access: "read", presence: false }, { level: access.read }, { mayRead: true, mayAnnounce: false }],
  [{ access: "presence" }, { level: access.presence }, { mayRead: false, mayAnnounce: true }],
  [
    { access: "read", subject: "alice", tokenId: "t1", user: { name: "Alice" } },
    { tokenId: "t1" },
    { subject: "alice", user: { name: "Alice" } },
  ],
])("%j is the grant of it", async (answer, grant, standing) => {
  expect(await answering(answer)).toMatchObject({ ...grant, standing });
});

test("whoever throws NotAuthorized does not accept the token, and speaks to the client", async () => {
  const world = new World();
  const authorize = async () => Promise.reject(new NotAuthorized("the session has ended"));
  expect(await world.ask(authorize)).toBe("4401 the session has ended");
  expect(world.log).toBe("");
});

test("any other throw is a failure: the client comes back, and only the log says why, without the token", async () => {
  for (const authorize of [
    async () => Promise.reject(new Error("no rows for secret-token in sessions")),
    () => {
      throw new Error("no rows for secret-token in sessions");
    },
  ]) {
    const world = new World();
    expect(await world.ask(authorize)).toBe("4500 the token could not be checked; come back later");
    expect(world.log).toMatch(/no rows for … in sessions/);
    expect(world.log).not.toMatch(/secret/);
  }
});

test("a callback that does not answer is a failure after its time, and an answer that comes later is nothing", async () => {
  const world = new World();
  let answer: (authorization: Authorization) => void = () => undefined;
  const never = new Promise<Authorization>((resolve) => (answer = resolve));
  expect(await world.ask(() => never)).toMatch(/^4500 /);
  expect(world.time.now()).toBe(10_000);
  expect(world.log).toMatch(/did not answer within 10 s/);
  answer({ access: "write" });
  await never;
});

test("one that answers in time leaves no timer", async () => {
  const world = new World();
  await world.ask(async () => ({ access: "write" }));
  await expect(world.time.run(new Promise(() => undefined))).rejects.toThrow(/nothing is due/);
});

test("none is forbidden, and what has expired already is not let in", async () => {
  expect(await answering({ access: "none" })).toBe("4403 you may not open this document");
  expect(await answering({ access: "write", expiresAt: now })).toBe("4401 the token has expired");
  expect(await answering({ access: "write", expiresAt: now + 1 })).toMatchObject({ level: access.write });
});

test("a token that was revoked is not let in, one that was made since is", async () => {
  const world = new World([
    { subject: "alice", revokedAt: now },
    { documentName: "closed", revokedAt: now },
    { tokenId: "t1", revokedAt: now },
  ]);
  const asked = (answer: Partial<Authorization>, changed: Partial<AuthorizeRequest> = {}) =>
    world.ask(() => ({ access: "write", ...answer }), changed);
  const revoked = "4401 the access was revoked";
  expect(await asked({ subject: "alice", issuedAt: now - 1 })).toBe(revoked);
  expect(await asked({ subject: "alice", issuedAt: now + 1 })).toMatchObject({ level: access.write });
  expect(await asked({ subject: "bob", issuedAt: now - 1 })).toMatchObject({ level: access.write });
  expect(await asked({ issuedAt: 0 }, { documentName: "closed" })).toBe(revoked);
  expect(await asked({ tokenId: "t1", issuedAt: now + 1 })).toBe(revoked);
  // Whoever is asked after the revocation, and does not say when the token was made, is believed.
  expect(await asked({ subject: "alice" })).toMatchObject({ level: access.write });
});

test("a token above 8 KiB, and a name that is none, do not reach the callback", async () => {
  let isAsked = false;
  const authorize: Authorize = () => {
    isAsked = true;
    return { access: "write" };
  };
  expect(await ask(authorize, { token: "x".repeat(8 * 1024 + 1) })).toBe("4401 a token of more than 8192 characters");
  await expect(ask(authorize, { documentName: "" })).rejects.toThrow(ProtocolError);
  expect(isAsked).toBe(false);
  await ask(authorize, { token: "x".repeat(8 * 1024) });
  expect(isAsked).toBe(true);
});

test.each([
  [undefined],
  [null],
  ["write"],
  [true],
  [{}],
  [{ access: "all" }],
  [{ access: "toString" }],
  [{ access: 2 }],
  [{ access: null }],
  [{ access: "read", expiresAt: "soon" }],
  [{ access: "read", expiresAt: NaN }],
  [{ access: "read", expiresAt: null }],
  [{ access: "read", issuedAt: "2027-01-15" }],
  [{ access: "read", issuedAt: NaN }],
  [{ access: "read", subject: 7 }],
  [{ access: "read", tokenId: {} }],
  [{ access: "comment", write: "comments" }],
  [{ access: "comment", write: [1] }],
  [{ access: "read", user: "Alice" }],
  [{ access: "read", user: null }],
])("an answer that makes no sense lets nobody in: %j", async (answer) => {
  await expect(ask((() => answer) as unknown as Authorize)).rejects.toThrow(/^authorize must answer \{ access: /);
});
