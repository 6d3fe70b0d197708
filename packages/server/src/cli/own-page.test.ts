import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { whyForeign } from "./own-page.js";

const json = "application/json";

function isObeyed(headers: IncomingMessage["headers"], listeningHost = "127.0.0.1"): boolean {
  return whyForeign({ headers } as IncomingMessage, listeningHost) === undefined;
}

test.each(["127.0.0.1:1234", "localhost:1234", "[::1]:1234", "localhost"])("the page at %s is obeyed", (host) => {
  expect(isObeyed({ host, origin: `http://${host}`, "content-type": json })).toBe(true);
  // A proxy has ended TLS before us.
  expect(isObeyed({ host, origin: `https://${host}`, "content-type": json })).toBe(true);
});

test.each([
  ["no page at all", { host: "localhost:1234" }],
  ["another site", { host: "localhost:1234", origin: "https://example.org" }],
  ["another port", { host: "localhost:1234", origin: "http://localhost:1235" }],
  ["another name of this machine", { host: "localhost:1234", origin: "http://127.0.0.1:1234" }],
  ["a page that hides its origin", { host: "localhost:1234", origin: "null" }],
  ["no host", { origin: "http://localhost:1234" }],
  ["what is no host", { host: "a b", origin: "http://a b" }],
  ["a name that points here", { host: "evil.example", origin: "http://evil.example" }],
  ["a name that looks like an address", { host: "127.0.0.1.evil.example", origin: "http://127.0.0.1.evil.example" }],
])("%s is not", (_, headers) => {
  expect(isObeyed({ ...headers, "content-type": json })).toBe(false);
});

test.each([undefined, "text/plain", "application/x-www-form-urlencoded", "text/plain; application/json"])(
  "what a form of another page can send is not: %s",
  (type) => {
    const headers = { host: "localhost", origin: "http://localhost" };
    expect(isObeyed(type === undefined ? headers : { ...headers, "content-type": type })).toBe(false);
  },
);

test("a server that others can reach has names of its own", () => {
  const headers = { host: "laptop.local:1234", origin: "http://laptop.local:1234", "content-type": json };
  expect([isObeyed(headers), isObeyed(headers, "0.0.0.0")]).toEqual([false, true]);
});
