import { expect, test } from "vitest";
import { AllowedOrigins, isOriginPattern } from "./allowed-origins.js";

test.each<[name: string, origin: string, host: string, listed: string[], isAllowed: boolean]>([
  ["the server's own page", "https://notes.example", "notes.example", [], true],
  ["its own page on another port", "http://notes.example:8080", "notes.example:1234", [], true],
  ["its own page in other letters", "https://NOTES.example", "notes.EXAMPLE", [], true],
  ["its own page by an address", "http://[2001:db8::1]:80", "[2001:db8::1]:1234", [], true],
  ["another page", "https://other.example", "notes.example", [], false],
  ["a page below it", "https://a.notes.example", "notes.example", [], false],
  ["a page above it", "https://example", "notes.example", [], false],
  ["a name that begins like it", "https://notes.example.evil.example", "notes.example", [], false],
  ["a development server", "http://localhost:5173", "127.0.0.1:1234", [], true],
  ["a development server by its address", "http://127.0.0.1:5173", "localhost:1234", [], true],
  ["a development server by IPv6", "http://localhost:5173", "[::1]:1234", [], true],
  ["another address of the loopback network", "http://127.0.0.2", "127.0.0.1:1234", [], true],
  ["a development server, of a server elsewhere", "http://localhost:5173", "notes.example", [], false],
  ["a page elsewhere, of a server here", "https://evil.example", "localhost:1234", [], false],
  ["a name that looks like this machine", "https://localhost.evil.example", "localhost:1234", [], false],
  ["a name that looks like an address", "https://127.0.0.1.evil.example", "127.0.0.1:1234", [], false],
  ["no origin of its own", "null", "notes.example", [], false],
  ["no origin of its own, listed", "null", "notes.example", ["null"], true],
  ["another page, no origin listed", "https://other.example", "notes.example", ["null"], false],
  ["a page of an extension with the host's name", "chrome-extension://notes.example", "notes.example", [], false],
  ["no URL", "notes.example", "notes.example", [], false],
  ["an empty origin", "", "notes.example", [], false],
  ["a page of its own to no host", "https://notes.example", "", [], false],
  ["a host with a user", "http://evil.example", "evil.example@127.0.0.1", [], false],
  ["a host with a path", "http://evil.example", "evil.example/127.0.0.1", [], false],
  ["a listed page", "https://other.example", "notes.example", ["https://other.example"], true],
  ["a listed page, in other letters", "https://other.example", "notes.example", ["https://OTHER.example"], true],
  [
    "a listed page with its scheme's port",
    "https://other.example",
    "notes.example",
    ["https://other.example:443"],
    true,
  ],
  ["a listed page on another port", "https://other.example:8443", "notes.example", ["https://other.example"], false],
  ["a listed page without TLS", "http://other.example", "notes.example", ["https://other.example"], false],
  ["an app's page", "capacitor://localhost", "notes.example", ["capacitor://localhost"], true],
  ["a page below a listed one", "https://a.other.example", "notes.example", ["https://other.example"], false],
  ["a page of a family", "https://a.other.example", "notes.example", ["https://*.other.example"], true],
  ["a page far below", "https://a.b.other.example", "notes.example", ["https://*.other.example"], true],
  ["the family's own name", "https://other.example", "notes.example", ["https://*.other.example"], false],
  ["a name that ends like the family", "https://another.example", "notes.example", ["https://*.other.example"], false],
  [
    "a name behind the family's",
    "https://a.other.example.evil.example",
    "notes.example",
    ["https://*.other.example"],
    false,
  ],
  ["a family on another port", "https://a.other.example:8443", "notes.example", ["https://*.other.example"], false],
  ["a family on its port", "https://a.other.example:8443", "notes.example", ["https://*.other.example:8443"], true],
  ["anything, where all may", "https://other.example", "notes.example", ["*"], true],
  ["no origin, where all may", "null", "notes.example", ["*"], true],
])("%s: %s asks %s", (_, origin, host, listed, isAllowed) => {
  expect(new AllowedOrigins(listed).allows(origin, host)).toBe(isAllowed);
});

test.each<[host: string, listed: string[], isListed: boolean]>([
  ["notes.example:1234", ["https://notes.example"], true],
  ["notes.example", ["http://notes.example:8080"], true],
  ["a.notes.example", ["https://*.notes.example"], true],
  ["notes.example", ["https://*.notes.example"], false],
  ["other.example", ["https://notes.example"], false],
  ["other.example", [], false],
  ["other.example", ["null"], false],
  ["other.example", ["*"], true],
  ["", ["https://notes.example"], false],
  ["notes.example@evil.example", ["https://notes.example"], false],
])("whether %s is known by %j: %s", (host, listed, isListed) => {
  expect(new AllowedOrigins(listed).listsHost(host)).toBe(isListed);
});

test.each([
  ["https://a.example", true],
  ["http://a.example:8080", true],
  ["https://*.a.example", true],
  ["https://[::1]:1234", true],
  ["capacitor://localhost", true],
  ["null", true],
  ["*", true],
  ["", false],
  ["a.example", false],
  ["https://", false],
  ["https://a.example/", false],
  ["https://a.example/path", false],
  ["https://*", false],
  ["https://a.*.example", false],
  ["https://*a.example", false],
  ["https://u@a.example", false],
  ["https://a.example:99999", false],
])("whether %j can be listed: %s", (text, isPattern) => {
  expect(isOriginPattern(text)).toBe(isPattern);
});
