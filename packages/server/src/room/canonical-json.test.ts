import fc from "fast-check";
import { expect, test } from "vitest";
import { isCanonicalObject } from "./canonical-json.js";

const isCanonical = (text: string) => isCanonicalObject(new TextEncoder().encode(text), 16);

test.each([
  "{}",
  '{"user":{"name":"Ann","color":"#30bced"},"cursor":{"anchor":{"type":null,"item":{"client":1,"clock":0},"assoc":-1}}}',
  '{"x":0.1,"y":-12.5,"n":[0,-1,123456789012345,1e+21,1e-7,0.30000000000000004],"t":[true,false,null,[],{}]}',
  '{"name":"ü € 🎈 \u2028 \u007f"}',
  '{"a":{"a":{"a":1}},"b":{"a":1}}',
])("%s is spelled as JSON.stringify spells it", (text) => {
  expect(JSON.stringify(JSON.parse(text))).toBe(text);
  expect(isCanonical(text)).toBe(true);
});

test.each([
  ...[
    "",
    "null",
    "[]",
    "1",
    '"x"',
    "{",
    "}",
    "{}{}",
    "{} ",
    " {}",
    "{]",
    '{"a"}',
    '{"a":}',
    '{"a":1,}',
    '{,"a":1}',
    "{1:1}",
  ],
  ...[
    '{"a":1 }',
    '{ "a":1}',
    '{"a": 1}',
    '{"a":[1, 2]}',
    '{"a":[1,]}',
    '{"a":[,1]}',
    '{"a":[1 2]}',
    '{"a":"x}',
    '{"a":"\n"}',
  ],
  ...['{"a":01}', '{"a":-0}', '{"a":-}', '{"a":1.0}', '{"a":.5}', '{"a":1.}', '{"a":1e5}', '{"a":+1}', '{"a":1-1}'],
  ...['{"a":1e400}', '{"a":9007199254740993}', '{"a":tru}', '{"a":nul', '{"a":NaN}', '{"a":undefined}', '{"a":--1}'],
])("%s is not", (text) => {
  expect(isCanonical(text)).toBe(false);
});

test.each(['{"a":1,"a":1}', '{"a":1,"b":{"c":1,"d":2,"c":3}}', '{"__proto__":1}', '{"b":1,"1":1}', '{"a":"\\u0041"}'])(
  "%s would be spelled otherwise, or mean something else",
  (text) => {
    expect(isCanonical(text)).toBe(false);
  },
);

test("16 levels may be in each other, 17 may not", () => {
  const lists = (depth: number) => `{"a":${"[".repeat(depth - 1)}${"]".repeat(depth - 1)}}`;
  expect(isCanonical(lists(16))).toBe(true);
  expect(isCanonical(lists(17))).toBe(false);
  expect(isCanonical('{"a":'.repeat(5_000))).toBe(false);
});

test("whatever is called canonical is what JSON.stringify makes of it", () => {
  const pieces = fc.constantFrom(
    ...'{}[],:"0123456789.eE+-\\ntrufalsénl_ \n€',
    '"a":',
    '"b":',
    '{"a":',
    "null",
    "true",
  );
  const broken = fc.array(pieces, { maxLength: 40 }).map((parts) => `{"x":${parts.join("")}}`);
  const json = fc.json({ maxDepth: 5 }).map((text) => `{"x":${text}}`);
  fc.assert(
    fc.property(fc.oneof(broken, json), (text) => {
      if (isCanonical(text)) expect(JSON.stringify(JSON.parse(text))).toBe(text);
    }),
    { numRuns: 5_000 },
  );
});

test("what JSON.stringify makes without escapes, and with names for keys, is", () => {
  const name = fc.string({ unit: fc.constantFrom(..."abcxyzü-"), minLength: 1 });
  const value = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (number === 0 ? 0 : number)),
      fc.integer(),
      fc.boolean(),
      name,
      fc.constant(null),
      fc.array(tie("value")),
      fc.dictionary(name, tie("value"), { maxKeys: 20 }),
    ),
  })).value;
  fc.assert(fc.property(fc.dictionary(name, value, { maxKeys: 20 }), (state) => isCanonical(JSON.stringify(state))));
});
