/** How much is kept of documents that were never written. */
import { expect, test } from "vitest";
import type { Claim } from "../storage/storage.js";
import { KeptClaims } from "./kept-claims.js";

const claims = (count: number): Claim[] =>
  Array.from({ length: count }, (_, clientId) => ({ clientId, owner: new Uint8Array(16), claimedAt: 1 }));

test("the last that is said of a document is kept, until it is to be forgotten", () => {
  const kept = new KeptClaims();
  expect(kept.of("a")).toEqual([]);
  for (const count of [3, 2, 1]) kept.keep("a", claims(count));
  kept.keep("b", claims(1));
  expect(kept.of("a").length).toBe(1);
  kept.keep("a", []);
  kept.forget("b");
  expect([kept.of("a"), kept.of("b")]).toEqual([[], []]);
});

test("the documents that were opened last are kept, up to a number of them and of claims in all", () => {
  const kept = new KeptClaims();
  const isKept = (documentName: string) => kept.of(documentName).length > 0;
  for (let n = 1; n <= 10_001; n++) kept.keep(`${n}`, claims(1));
  expect(["1", "2", "10001"].map(isKept)).toEqual([false, true, true]);
  const large = [1, 2, 3, 4, 5, 6].map((n) => `large ${n}`);
  for (const documentName of large) kept.keep(documentName, claims(10_000));
  expect(large.map(isKept)).toEqual([false, true, true, true, true, true]);
});
