import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { closeCodes, fitCloseReason, isPermanentClose } from "./close-code.js";

describe("close codes", () => {
  test("the table in docs/PROTOCOL.md is the code's", async () => {
    const page = await readFile(new URL("../../../docs/PROTOCOL.md", import.meta.url), "utf8");
    const rows = [...page.matchAll(/^\|\s*(4[45]\d\d)\s*\|\s*(\w+)\s*\|/gm)].map((row) => [row[2], Number(row[1])]);
    expect(Object.fromEntries(rows)).toEqual({ ...closeCodes });
  });

  test("none is 4408 or 4429, which would stop stock clients for good", () => {
    expect(Object.values(closeCodes)).not.toContain(4408);
    expect(Object.values(closeCodes)).not.toContain(4429);
  });

  test("44xx is permanent, everything else transient", () => {
    expect([4400, 4404, 4499].every(isPermanentClose)).toBe(true);
    expect([1000, 1006, 1011, 4399, 4500, 4503].some(isPermanentClose)).toBe(false);
  });

  test("a reason is cut to what a close frame holds, between characters", () => {
    expect(fitCloseReason("short")).toBe("short");
    for (const filler of ["x", "é", "\u{1f600}"]) {
      const fitted = fitCloseReason(filler.repeat(200));
      expect(new TextEncoder().encode(fitted).length).toBeLessThanOrEqual(123);
      expect(fitted.replaceAll(filler, "")).toBe("");
    }
  });
});
