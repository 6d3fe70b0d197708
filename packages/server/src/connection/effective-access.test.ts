import { access } from "@syncline/protocol";
import { expect, test } from "vitest";
import { anybody } from "../room/standing.js";
import type { Grant } from "./authorize.js";
import { effectiveAccess, whyNotWrite } from "./effective-access.js";

const grantOf = (level: Grant["level"], roots?: readonly string[]): Grant => ({
  level,
  standing: { ...anybody, roots },
  tokenId: undefined,
  issuedAtMs: undefined,
  rates: undefined,
  expiresAtMs: Infinity,
});

const writable = { level: access.write, reason: "" };
const diskFull = { level: access.read, reason: "the disk is full" };
const ended = { level: access.none, reason: "deleted" };

test("who may write may do what the room takes, and hears why when that is less", () => {
  const writer = grantOf(access.write);
  expect(effectiveAccess(writable, writer)).toEqual({ ...writable, roots: "" });
  expect(effectiveAccess(diskFull, writer)).toEqual({ ...diskFull, roots: "" });
  expect(effectiveAccess(ended, writer)).toEqual({ ...ended, roots: "" });
});

test.each([access.read, access.presence])("who may not write, %i, hears of no trouble that would pass", (level) => {
  for (const room of [writable, diskFull]) {
    expect(effectiveAccess(room, grantOf(level))).toEqual({ level, reason: "", roots: "" });
  }
  expect(effectiveAccess(ended, grantOf(level))).toEqual({ ...ended, roots: "" });
});

test("who may write to some root types hears which, also while the room takes nothing", () => {
  const commenter = grantOf(access.comment, ["comments", 'a "b"']);
  const roots = '["comments","a \\"b\\""]';
  expect(effectiveAccess(writable, commenter)).toEqual({ level: access.comment, reason: "", roots });
  expect(effectiveAccess(diskFull, commenter)).toEqual({ ...diskFull, roots });
  expect(effectiveAccess(writable, grantOf(access.comment, []))).toMatchObject({ roots: "[]" });
  // It says nothing to who may not write.
  expect(effectiveAccess(writable, grantOf(access.read, ["comments"]))).toMatchObject({ roots: "" });
});

test("a refused update says what its author may do instead", () => {
  expect(whyNotWrite(grantOf(access.read))).toEqual({
    code: 4403,
    reason: "you may read this document, not change it",
  });
  expect(whyNotWrite(grantOf(access.presence))).toMatchObject({
    code: 4403,
    reason: expect.stringMatching(/see who is here/),
  });
});
