import fc from "fast-check";
import { expect, test } from "vitest";
import { DocumentPattern, maxPatternLength } from "./document-pattern.js";

const matches = (pattern: string, name: string) => new DocumentPattern(pattern).matches(name);

test.each([
  ["plan", "plan", true],
  ["plan", "plan2", false],
  ["plan", "Plan", false],
  ["team/*", "team/plan", true],
  ["team/*", "team/", true],
  ["team/*", "team", false],
  ["team/*", "team/a/b", false],
  ["team/*", "other/team/plan", false],
  ["team/**", "team/a/b", true],
  ["team/***", "team/a/b", true],
  ["**", "any/thing", true],
  ["*", "any/thing", false],
  ["*/notes", "alice/notes", true],
  ["*/notes", "alice/old/notes", false],
  ["**/notes", "alice/old/notes", true],
  ["**/notes", "notes", false],
  ["a*b*c", "abc", true],
  ["a*b*c", "axxbyyc", true],
  ["a*b*c", "axxbyycd", false],
  ["*/*", "a/b", true],
  ["*/*", "a/b/c", false],
  ["", "", true],
  ["", "a", false],
  // What means something elsewhere is as it stands here.
  ["a.c", "abc", false],
  ["[ab]", "a", false],
  ["a?", "a", false],
  ["(a+)+$", "(a+)+$", true],
  ["a\\*", "a*", false],
])("%j and %j: %j", (pattern, name, expected) => {
  expect(matches(pattern, name)).toBe(expected);
});

/** The same rule in other words, too slow for hostile patterns. */
function reference(pattern: string, name: string): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return name === "";
  if (first !== "*") return name.startsWith(first) && reference(rest.join(""), name.slice(1));
  const isAny = rest[0] === "*";
  const after = pattern.replace(isAny ? /^\*+/ : /^\*/, "");
  for (let end = 0; end <= name.length; end++) {
    if (!isAny && name.slice(0, end).includes("/")) break;
    if (reference(after, name.slice(end))) return true;
  }
  return false;
}

test("it says what the definition says, of any pattern and name", () => {
  const text = fc.array(fc.constantFrom("a", "b", "/"), { maxLength: 8 }).map((letters) => letters.join(""));
  const pattern = fc.array(fc.constantFrom("a", "b", "/", "*", "**"), { maxLength: 8 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(pattern, text, (made, name) => {
      expect(matches(made, name)).toBe(reference(made, name));
    }),
    { numRuns: 2_000 },
  );
});

test.each([
  ["plan", "pla*"],
  ["team/*", "**"],
  ["team/a*", "team/*"],
  ["team/*/notes", "team/*"],
  ["team/*", "team/**"],
  ["*/a/*", "**/a/**"],
  ["*a", "*a*"],
])("%j is more exact than %j", (exact, vague) => {
  const [one, other] = [new DocumentPattern(exact), new DocumentPattern(vague)];
  expect(one.compareTo(other)).toBeGreaterThan(0);
  expect(other.compareTo(one)).toBeLessThan(0);
  expect(one.compareTo(new DocumentPattern(exact))).toBe(0);
});

test("patterns made to be tried in many ways come to an end", () => {
  const name = "a".repeat(255);
  for (const unit of ["a*", "**a", "*a*a", "*"]) {
    const pattern = `${unit.repeat(maxPatternLength)}b`.slice(-maxPatternLength);
    expect(matches(pattern, name)).toBe(false);
  }
});
