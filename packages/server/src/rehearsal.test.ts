import { expect, test } from "vitest";
import { resolveOptions } from "./options.js";
import { rehearse } from "./rehearsal.js";

test("a rehearsal comes to its end", async () => {
  await expect(rehearse(resolveOptions({}))).resolves.toBeUndefined();
});

test("it comes to its end where nobody is let into a document, too", async () => {
  const options = resolveOptions({});
  const limits = { ...options.limits, maxMembersPerRoom: 0 };
  await expect(rehearse({ ...options, limits })).resolves.toBeUndefined();
});
