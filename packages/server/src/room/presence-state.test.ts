import { expect, test } from "vitest";
import { readState } from "./presence-state.js";

type User = Readonly<Record<string, unknown>>;

function read(json: string, user?: User, maxBytes = 4096): string | undefined {
  const reading = readState(new TextEncoder().encode(json), { maxBytes, user });
  return reading.kind === "state" ? new TextDecoder().decode(reading.json) : reading.kind;
}

const nested = (depth: number) => `${'{"a":'.repeat(depth - 1)}{}${"}".repeat(depth - 1)}`;

test("a state is written anew: without spaces, and each key once", () => {
  expect(read(' { "a" : 1 , "a" : 2 , "b" : [ "\\u00fc" ] } ')).toBe('{"a":2,"b":["ü"]}');
});

test("what is written once is written the same again", () => {
  const once = read('{"b":1.0,"1":-0,"s":"\\ud800 \\n"}') ?? "";
  expect(read(once)).toBe(once);
});

test.each([
  '{"__proto__":{"admin":true},"x":1}',
  '{"x":1,"\\u005f\\u005fproto\\u005f\\u005f":{"admin":true}}',
  '{"x":1,"__proto__":null}',
])("%s has no __proto__ of its own any more", (json) => {
  expect(read(json)).toBe('{"x":1}');
});

test("nor has anything in it", () => {
  expect(read('{"a":[{"__proto__":1,"b":{"__proto__":{}}}]}')).toBe('{"a":[{"b":{}}]}');
});

test("16 levels may be in each other, 17 may not, whatever they are made of", () => {
  expect(read(nested(16))).toBe(nested(16));
  expect(read(nested(17))).toBe("refused");
  expect(read(`{"a":${"[".repeat(15)}${"]".repeat(15)}}`)).toContain("[[[");
  expect(read(`{"a":${"[".repeat(16)}${"]".repeat(16)}}`)).toBe("refused");
  expect(read("[".repeat(4000))).toBe("refused");
});

test("brackets in text are no levels, also after what is escaped", () => {
  const text = JSON.stringify({ a: `\\"${"[{".repeat(50)}\\`, b: '"' });
  expect(read(text)).toBe(text);
});

test("a text that ends in an escaped quote hides no levels", () => {
  expect(read(`{"a\\\\":${"[".repeat(16)}${"]".repeat(16)}}`)).toBe("refused");
});

test("bytes are counted, not characters", () => {
  const state = JSON.stringify({ text: "€".repeat(10) });
  expect(read(state, undefined, 41)).toBe(state);
  expect(read(state, undefined, 40)).toBe("refused");
});

test("a state that grows when it is written anew is measured then", () => {
  const numbers = `{"n":[${Array(20).fill("1e20").join()}]}`;
  expect(numbers.length).toBeLessThan(200);
  expect(read(numbers, undefined, 200)).toBe("refused");
  expect(read(numbers, undefined, 1000)).toContain("100000000000000000000");
});

test("null is gone, and all else that is no object is refused", () => {
  expect(read(" null ")).toBe("gone");
  for (const json of ["", "[]", "1", '"x"', "true", "{", "{}{}", "undefined", "{'a':1}"])
    expect(read(json)).toBe("refused");
});

test("a state with another user gets the token's, and keeps the colors of its own", () => {
  const state = JSON.stringify({ user: { name: "Root", color: "#30bced", colorLight: "rgb(1, 2, 3)", role: "admin" } });
  expect(read(state, { name: "Ann" })).toBe('{"user":{"color":"#30bced","colorLight":"rgb(1, 2, 3)","name":"Ann"}}');
  expect(read(state, { name: "Ann", color: "#000000", colorLight: "#ffffff" })).toBe(
    '{"user":{"color":"#000000","colorLight":"#ffffff","name":"Ann"}}',
  );
});

test.each([7, null, {}, "red;background:url(x)", '"><b>', "x".repeat(65)])("%j is no color", (color) => {
  expect(read(JSON.stringify({ user: { color } }), { name: "Ann" })).toBe('{"user":{"name":"Ann"}}');
});

test("a state without a user gets one, whatever it has in its place", () => {
  for (const user of ["", ',"user":null', ',"user":"Root"', ',"user":["Root"]']) {
    expect(JSON.parse(read(`{"x":1${user}}`, { name: "Ann" }) ?? "")).toEqual({ x: 1, user: { name: "Ann" } });
  }
});

test("the token's user does not count as the client's bytes", () => {
  expect(read('{"x":1}', { name: "x".repeat(100) }, 10)).toContain("xxx");
});

test("a user that cannot be JSON is shown as nothing, rather than as what the client says", () => {
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  expect(read('{"user":{"name":"Root"}}', cycle)).toBe("refused");
});
