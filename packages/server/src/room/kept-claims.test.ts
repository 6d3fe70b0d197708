/** How much is kept of documents that were never written. */
import { expect, test } from "vitest";
import type { Claim } from "../storage/storage.js";
import { createKeptClaims } from "./kept-claims.js";

const claims = (count: number): Claim[] =>
  Array.from({ length: count }, (_, clientId) => ({ clientId, owner: new Uint8Array(16), claimedAt: 1 }));

test("the documents that were opened last are kept, up to a number of them and of claims in all", () => {
  const kept = createKeptClaims();
  for (let n = 1; n <= 10_001; n++) kept.set(`document ${n}`, claims(1));
  expect([kept.has("document 1"), kept.has("document 2"), kept.size]).toEqual([false, true, 10_000]);
  for (let n = 1; n <= 6; n++) kept.set(`large ${n}`, claims(10_000));
  expect([...kept.keys()]).toEqual([6, 5, 4, 3, 2].map((n) => `large ${n}`));
});
