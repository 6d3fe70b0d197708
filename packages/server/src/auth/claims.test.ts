import { expect, test } from "vitest";
import { grantedByClaims, UnusableClaims } from "./claims.js";

const accessTo = (docs: unknown, name: string) => grantedByClaims({ docs }, name).access;

test("the most exact of the patterns that name a document counts, also when it takes away", () => {
  const docs = { "**": "read", "team/*": "write", "team/salaries": "none", "team/archive/**": "presence" };
  expect(accessTo(docs, "team/plan")).toBe("write");
  expect(accessTo(docs, "team/salaries")).toBe("none");
  expect(accessTo(docs, "team/archive/2020/plan")).toBe("presence");
  expect(accessTo(docs, "elsewhere")).toBe("read");
  const reversed = Object.fromEntries(Object.entries(docs).reverse());
  expect(accessTo(reversed, "team/salaries")).toBe("none");
});

test("what nothing names is closed", () => {
  expect(grantedByClaims({ docs: {} }, "plan")).toEqual({ access: "none" });
  expect(grantedByClaims({ docs: [] }, "plan")).toEqual({ access: "none" });
  expect(accessTo({ "team/*": "write" }, "plan")).toBe("none");
});

test.each([
  ["read", "write"],
  ["write", "read"],
  ["none", "write"],
  ["write", "comment"],
])("of equally exact claims the one that allows less counts: %s, %s", (first, second) => {
  const docs = [first, second].map((access) => ({ name: "team/*", access }));
  expect(accessTo(docs, "team/plan")).toBe(accessTo([...docs].reverse(), "team/plan"));
  expect(accessTo(docs, "team/plan")).not.toBe("write");
});

test("write to some root types is less than to all", () => {
  const docs = [
    { name: "plan", access: "write" },
    { name: "plan", access: "write", write: ["comments"] },
  ];
  expect(grantedByClaims({ docs }, "plan").write).toEqual(["comments"]);
  expect(grantedByClaims({ docs: [...docs].reverse() }, "plan").write).toEqual(["comments"]);
});

test("all that a claim says is granted, with the token's user and rates", () => {
  const docs = [{ name: "plan", access: "comment", write: ["notes"], presence: false }];
  const [user, rates] = [{ name: "Alice" }, { updatesPerSecond: 5 }];
  expect(grantedByClaims({ docs, user, rates }, "plan")).toEqual({
    access: "comment",
    write: ["notes"],
    presence: false,
    user,
    rates: { updatesPerSecond: 5, bytesPerSecond: undefined },
  });
});

test.each([
  [{}, /no docs claim/],
  [{ docs: "plan" }, /neither a list nor an object/],
  [{ docs: null }, /neither a list nor an object/],
  [{ docs: ["plan"] }, /no object/],
  [{ docs: { plan: "all" } }, /access is none of none, presence, read, comment, write/],
  [{ docs: { plan: "constructor" } }, /access is none of/],
  [{ docs: { plan: true } }, /access is none of/],
  [{ docs: [{ name: "plan" }] }, /access is none of/],
  [{ docs: [{ access: "read" }] }, /name is no text/],
  [{ docs: { ["*".repeat(1025)]: "read" } }, /at most 1024 characters/],
  [{ docs: [{ name: "plan", access: "write", wirte: ["comments"] }] }, /a key in its docs claim that means nothing/],
  [{ docs: [{ name: "plan", access: "write", write: "comments" }] }, /write is no list/],
  [{ docs: [{ name: "plan", access: "write", write: [1] }] }, /write is no list/],
  [{ docs: [{ name: "plan", access: "write", presence: "no" }] }, /presence is neither/],
  [{ docs: { plan: "write" }, user: "Alice" }, /user claim that is no object/],
  [{ docs: { plan: "write" }, user: ["Alice"] }, /user claim that is no object/],
  [{ docs: { plan: "write" }, rates: 5 }, /rates claim that is no object/],
  [{ docs: { plan: "write" }, rates: { updatesPerSecond: 0 } }, /no number above 0/],
  [{ docs: { plan: "write" }, rates: { bytesPerSecond: "1k" } }, /no number above 0/],
])("claims that make no sense grant nothing: %j", (claims, message) => {
  // Whichever document is asked for.
  for (const name of ["plan", "another"]) {
    expect(() => grantedByClaims(claims, name)).toThrow(UnusableClaims);
    expect(() => grantedByClaims(claims, name)).toThrow(message);
  }
});
