import { expect, test } from "vitest";
import { tabChannelName } from "./channel-name.js";

const place = { url: "ws://server/.syncline/v1", documentName: "minutes", token: "" };
const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.signature`;
const nameFor = (token: string) => tabChannelName({ ...place, token });

test("tabs meet that have the same server, document and person", () => {
  const differing = [
    place,
    { ...place, url: "ws://server/.syncline/v1?a=1" },
    { ...place, documentName: "minutes 2" },
    { ...place, token: "secret" },
    { ...place, token: "another" },
    { ...place, bcChannel: "ada" },
  ];
  expect(new Set(differing.map(tabChannelName)).size).toBe(differing.length);
  expect(tabChannelName({ ...place })).toBe(tabChannelName(place));
});

test("no choice of document name makes one channel's name another's", () => {
  const sly = tabChannelName({ ...place, documentName: 'minutes","x' });
  expect(sly).not.toBe(tabChannelName({ ...place, bcChannel: "x" }));
});

test("a token that was renewed is the same person, by issuer and subject", () => {
  expect(nameFor(jwt({ iss: "i", sub: "ada", exp: 1 }))).toBe(nameFor(jwt({ iss: "i", sub: "ada", exp: 2 })));
  expect(nameFor(jwt({ iss: "i", sub: "ada" }))).not.toBe(nameFor(jwt({ iss: "j", sub: "ada" })));
  expect(nameFor(jwt({ iss: "i", sub: "ada" }))).not.toBe(nameFor(jwt({ iss: "i", sub: "bob" })));
  expect(nameFor(jwt({ sub: "Ægir?>~" }))).not.toBe(nameFor(jwt({ sub: "Ægir?>" })));
});

test.each(["opaque", "a.b.c", "..", jwt({ sub: 5 }), jwt([])])("any other token, as %s, stands for itself", (token) => {
  expect(nameFor(token)).toBe(nameFor(token));
  expect(nameFor(token)).not.toBe(nameFor(`${token}x`));
  expect(nameFor(token)).not.toBe(nameFor(""));
});

test("what the application says goes before the token", () => {
  expect(tabChannelName({ ...place, token: "one", bcChannel: "ada" })).toBe(
    tabChannelName({ ...place, token: "two", bcChannel: "ada" }),
  );
});
