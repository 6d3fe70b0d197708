import { closeCodes, ProtocolError } from "@syncline/protocol";
import { expect, test } from "vitest";
import { silentLogger } from "../logger.js";
import type { RefusalKind } from "../refusals.js";
import { malformed, tooLarge } from "../update/error.js";
import { AccessRefused } from "./authorize.js";
import { closeFor, noteSentAway, type CloseServices } from "./close-for.js";

class Notes implements CloseServices {
  readonly logger = silentLogger;
  readonly kinds: RefusalKind[] = [];
  readonly struck: (string | undefined)[] = [];
  readonly refusals = { note: (kind: RefusalKind) => void this.kinds.push(kind) };
  readonly strikes = { add: (principal: string | undefined) => void this.struck.push(principal) };
}

test.each([
  [malformed("bytes follow"), closeCodes.protocolError, ["update"], 1],
  [tooLarge("more than that"), closeCodes.tooLarge, ["size"], 0],
  [new ProtocolError("malformed-message", "the bytes end"), closeCodes.protocolError, ["protocol"], 1],
  // Of another version, or mistaken: not what is meant by a strike.
  [new ProtocolError("unexpected-message", "version 2"), closeCodes.protocolError, ["protocol"], 0],
  [new ProtocolError("invalid-document-name", "too long"), closeCodes.protocolError, ["protocol"], 0],
  [new AccessRefused(closeCodes.notAuthenticated, "expired"), closeCodes.notAuthenticated, ["not-authenticated"], 0],
  [new AccessRefused(closeCodes.forbidden, "not yours"), closeCodes.forbidden, ["forbidden"], 0],
  // Counted where it comes from.
  [new AccessRefused(closeCodes.rateLimited, "later"), closeCodes.rateLimited, [], 0],
  [new Error("details nobody needs"), closeCodes.internalError, [], 0],
])("%s closes with %i, is counted as %j and as %i strikes", (thrown, code, kinds, strikeCount) => {
  const notes = new Notes();
  const close = closeFor(thrown, "ann", notes);
  expect(close.code).toBe(code);
  expect(close.reason).not.toBe("");
  expect(close.reason).not.toContain("details");
  expect(notes.kinds).toEqual(kinds);
  expect(notes.struck).toEqual(Array.from({ length: strikeCount }, () => "ann"));
});

test("of what a room ends only a refused update is a strike", () => {
  const notes = new Notes();
  for (const code of Object.values(closeCodes)) noteSentAway({ code, reason: "so it is" }, "ann", notes);
  expect(notes.struck).toEqual(["ann"]);
  expect(notes.kinds.sort()).toEqual(["size", "slow", "update"]);
});
