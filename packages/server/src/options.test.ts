import { describe, expect, test } from "vitest";
import { nobodyKnown } from "./connection/transport.js";
import { SynclineError } from "./error.js";
import { resolveOptions, type ServerOptions } from "./options.js";
import { MemoryStorage } from "./storage/memory.js";

test("what is not said has its default, and nothing can be changed afterwards", () => {
  const options = resolveOptions({});
  expect(options).toMatchObject({ port: 1234, host: "127.0.0.1", relay: "durable", fsync: true, insecure: false });
  expect(options.limits).toMatchObject({ maxFrameBytes: 8 * 1024 * 1024, maxUpdateBytes: 4 * 1024 * 1024 });
  expect(Object.isFrozen(options)).toBe(true);
  expect(Object.isFrozen(options.limits)).toBe(true);
});

test("one limit can be set without naming the others", () => {
  const { limits } = resolveOptions({ limits: { maxUpdateBytes: 1000 } });
  expect(limits.maxUpdateBytes).toBe(1000);
  expect(limits.maxRoomsPerConnection).toBe(100);
});

test("a callback is used as it is, and without one everybody may write", async () => {
  const authorize = () => ({ access: "read" }) as const;
  expect(resolveOptions({ authorize }).authorize).toBe(authorize);
  const request = { token: "", documentName: "d", dialect: "syncline", request: nobodyKnown } as const;
  expect(await resolveOptions({}).authorize(request)).toEqual({ access: "write" });
});

test("a store of one's own is used as it is", () => {
  const store = new MemoryStorage();
  expect(resolveOptions({ data: store }).data).toBe(store);
});

describe("a mistake names the option", () => {
  const mistakes: [string, unknown, RegExp][] = [
    ["a port out of range", { port: 70_000 }, /option port/],
    ["a port that is text", { port: "1234" }, /option port/],
    ["an empty host", { host: "" }, /option host/],
    ["a relay mode that does not exist", { relay: "later" }, /option relay/],
    ["a limit that is not a count", { limits: { maxUpdateBytes: -1 } }, /option limits\.maxUpdateBytes/],
    ["an authorize that is no function", { authorize: "secret" }, /option authorize/],
    ["a respond that is no function", { respond: { "/": "hello" } }, /option respond/],
    ["an option that does not exist", { prot: 1 }, /prot/],
    ["a limit that does not exist", { limits: { maxUpdate: 1 } }, /maxUpdate/],
  ];
  test.each(mistakes)("%s", (_, options, message) => {
    const resolve = () => resolveOptions(options as ServerOptions);
    expect(resolve).toThrow(SynclineError);
    expect(resolve).toThrow(message);
  });
});

describe("an address that others can reach", () => {
  test.each(["0.0.0.0", "::", "192.168.1.5", "example.org", "127.evil.example"])(
    "%s needs insecure or authorize",
    (host) => {
      expect(() => resolveOptions({ host })).toThrow(/--insecure/);
      expect(resolveOptions({ host, insecure: true }).host).toBe(host);
      // Where everybody is asked who they are, that is enough.
      expect(resolveOptions({ host, authorize: () => ({ access: "none" }) }).host).toBe(host);
    },
  );

  test.each(["127.0.0.1", "127.1.2.3", "::1", "localhost"])("%s does not", (host) => {
    expect(resolveOptions({ host }).host).toBe(host);
  });
});
