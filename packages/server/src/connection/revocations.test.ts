import { expect, test } from "vitest";
import { isMeant, Revocations, type Revoked } from "./revocations.js";

const revokedAt = 1_000;
const token = { subject: "alice", tokenId: "t1", documentName: "plan", issuedAt: revokedAt };

test.each<[Revoked, boolean]>([
  [{ subject: "alice" }, true],
  [{ subject: "bob" }, false],
  [{ tokenId: "t1" }, true],
  [{ tokenId: "t2" }, false],
  [{ documentName: "plan" }, true],
  [{ documentName: "plan2" }, false],
  [{ subject: "alice", documentName: "plan" }, true],
  [{ subject: "alice", documentName: "other" }, false],
  [{ subject: "bob", tokenId: "t1" }, false],
  [{ subject: "alice", tokenId: "t1", documentName: "plan" }, true],
])("%j revoked: a token that was made before is meant: %j", (revoked, expected) => {
  expect(isMeant(revoked, token)).toBe(expected);
  const revocations = new Revocations([{ ...revoked, revokedAt }]);
  expect(revocations.isRevoked(token)).toBe(expected);
  // Made later: only its own name still counts.
  const isNamed = expected && revoked.tokenId !== undefined;
  expect(revocations.isRevoked({ ...token, issuedAt: revokedAt + 1 })).toBe(isNamed);
  expect(revocations.isRevoked({ ...token, issuedAt: undefined })).toBe(isNamed);
});

test("who says nothing of themselves is meant by a document only", () => {
  const revocations = new Revocations([
    { subject: "alice", revokedAt },
    { tokenId: "t1", revokedAt },
    { documentName: "plan", revokedAt },
  ]);
  expect(revocations.isRevoked({ issuedAt: 0, documentName: "other" })).toBe(false);
  expect(revocations.isRevoked({ issuedAt: 0, documentName: "plan" })).toBe(true);
});

test("no name is taken for another", () => {
  const revocations = new Revocations([{ subject: 'a","b', revokedAt }]);
  expect(revocations.isRevoked({ subject: "a", tokenId: "b", issuedAt: 0 })).toBe(false);
  expect(revocations.isRevoked({ subject: 'a","b', issuedAt: 0 })).toBe(true);
  expect(new Revocations([{ subject: "null", revokedAt }]).isRevoked({ issuedAt: 0 })).toBe(false);
});

test("of several revocations of the same the latest counts, in whatever order they come", () => {
  for (const times of [
    [1_000, 2_000],
    [2_000, 1_000],
  ]) {
    const revocations = new Revocations(times.map((each) => ({ subject: "alice", revokedAt: each })));
    expect([...revocations]).toEqual([{ subject: "alice", revokedAt: 2_000 }]);
    expect(revocations.isRevoked({ subject: "alice", issuedAt: 2_000 })).toBe(true);
    expect(revocations.isRevoked({ subject: "alice", issuedAt: 2_001 })).toBe(false);
  }
});
