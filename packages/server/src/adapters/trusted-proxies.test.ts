import type { IncomingMessage } from "node:http";
import { expect, test } from "vitest";
import { isProxyPattern, TrustedProxies } from "./trusted-proxies.js";

const proxy = "10.0.0.1";

function originationOf(trusted: string[], remoteAddress: string | undefined, headers: IncomingMessage["headers"]) {
  return new TrustedProxies(trusted).originationOf({ socket: { remoteAddress }, headers } as IncomingMessage);
}

test.each<
  [
    name: string,
    trusted: string[],
    from: string | undefined,
    forwarded: string | undefined,
    address: string,
    isProxy: boolean,
  ]
>([
  ["a client without a proxy", [], "192.0.2.9", undefined, "192.0.2.9", false],
  ["one that says it speaks for another", [], "192.0.2.9", "192.0.2.1", "192.0.2.9", false],
  ["one that says so beside a proxy", [proxy], "192.0.2.9", "192.0.2.1", "192.0.2.9", false],
  ["a client behind a proxy", [proxy], proxy, "192.0.2.1", "192.0.2.1", false],
  ["one that wrote others before its own", [proxy], proxy, "127.0.0.1, 192.0.2.7, 192.0.2.1", "192.0.2.1", false],
  ["one behind two proxies", ["10.0.0.0/8"], proxy, "192.0.2.1, 10.9.9.9", "192.0.2.1", false],
  ["one behind a proxy that is not trusted", [proxy], proxy, "192.0.2.1, 10.9.9.9", "10.9.9.9", false],
  ["a proxy that says nothing", [proxy], proxy, undefined, proxy, true],
  ["a proxy that asks for itself", ["10.0.0.0/8"], proxy, "10.0.0.2", "10.0.0.2", true],
  ["what is no address", [proxy], proxy, "unknown", proxy, true],
  ["what is no address before a proxy's", ["10.0.0.0/8"], proxy, "unknown, 10.0.0.2", "10.0.0.2", true],
  ["an address with a port", [proxy], proxy, "192.0.2.1:5555", "192.0.2.1", false],
  ["IPv6", [proxy], proxy, "[2001:db8::1]:5555", "2001:db8::1", false],
  ["a proxy by a mapped address", [proxy], `::ffff:${proxy}`, "192.0.2.1", "192.0.2.1", false],
  ["a proxy of this machine", ["loopback"], "127.0.0.1", "192.0.2.1", "192.0.2.1", false],
  ["a proxy of this machine by IPv6", ["loopback"], "::1", "192.0.2.1", "192.0.2.1", false],
  ["a network of IPv6", ["2001:db8::/32"], "2001:db8::9", "192.0.2.1", "192.0.2.1", false],
  ["a socket that is gone", [proxy], undefined, "192.0.2.1", "", false],
])("%s", (_, trusted, from, forwarded, address, isProxy) => {
  const headers = forwarded === undefined ? {} : { "x-forwarded-for": forwarded };
  expect(originationOf(trusted, from, headers)).toMatchObject({ address, isProxy });
});

test("the host that the client asked for is believed of proxies only", () => {
  const headers = { host: "inner:1234", "x-forwarded-host": "notes.example, middle" };
  expect(originationOf([proxy], proxy, headers).host).toBe("notes.example");
  expect(originationOf([proxy], "192.0.2.9", headers).host).toBe("inner:1234");
  expect(originationOf([proxy], proxy, { host: "inner:1234" }).host).toBe("inner:1234");
});

test.each([
  ["loopback", true],
  ["10.0.0.1", true],
  ["10.0.0.0/8", true],
  ["2001:db8::/32", true],
  ["", false],
  ["localhost", false],
  ["10.0.0.0/33", false],
  ["10.0.0.0/", false],
  ["10.0.0.0/8/8", false],
  ["*", false],
])("whether %j can be a proxy: %s", (text, isPattern) => {
  expect(isProxyPattern(text)).toBe(isPattern);
});
