/** Who may say whom it speaks for: of requests that trusted proxies pass on, the client's address and the host it asked for. */
import type { IncomingMessage } from "node:http";
import { BlockList, isIP, isIPv4 } from "node:net";
import { plainAddress } from "./ip-address.js";

/** Where a request comes from. */
export interface Origination {
  /** The client's; `""` when the socket is gone. */
  readonly address: string;
  /** The address is a trusted proxy's: it did not say whose request it passes on. */
  readonly isProxy: boolean;
  /** As the client wrote it. */
  readonly host: string;
}

const loopback = "loopback";

/** Whether an entry of `trustedProxies` is one: an address, `10.0.0.0/8`, or `loopback`. */
export function isProxyPattern(text: string): boolean {
  if (text === loopback) return true;
  const [address = "", bits, ...more] = text.split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return false;
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

export class TrustedProxies {
  readonly #addresses = new BlockList();
  readonly #isEmpty: boolean;

  /** @param patterns each one that `isProxyPattern` accepts */
  constructor(patterns: readonly string[]) {
    this.#isEmpty = patterns.length === 0;
    for (const pattern of patterns) {
      if (pattern === loopback) this.#addLoopback();
      else this.#add(pattern);
    }
  }

  originationOf({ socket, headers }: IncomingMessage): Origination {
    const address = plainAddress(socket.remoteAddress ?? "") ?? "";
    const { host = "" } = headers;
    if (!this.has(address)) return { address, isProxy: false, host };
    const client = this.#clientIn(headers["x-forwarded-for"]);
    const [forwardedHost = ""] = String(headers["x-forwarded-host"] ?? "").split(",", 1);
    return { address: client ?? address, isProxy: this.has(client ?? address), host: forwardedHost.trim() || host };
  }

  has(address: string): boolean {
    if (this.#isEmpty || address === "") return false;
    return this.#addresses.check(address, isIPv4(address) ? "ipv4" : "ipv6");
  }

  /**
   * Each proxy adds whom it was asked by at the end, and what stands before the first of them the client may have written
   * itself. So: from the right, the first that is no trusted proxy.
   */
  #clientIn(header: string | string[] | undefined): string | undefined {
    if (header === undefined) return undefined;
    let client: string | undefined;
    for (const text of String(header).split(",").reverse()) {
      const address = plainAddress(text);
      if (address === undefined) return client;
      client = address;
      if (!this.has(address)) return client;
    }
    return client;
  }

  #add(pattern: string): void {
    const [address = "", bits] = pattern.split("/");
    const family = isIPv4(address) ? "ipv4" : "ipv6";
    if (bits === undefined) this.#addresses.addAddress(address, family);
    else this.#addresses.addSubnet(address, Number(bits), family);
  }

  #addLoopback(): void {
    this.#addresses.addSubnet("127.0.0.0", 8, "ipv4");
    this.#addresses.addAddress("::1", "ipv6");
  }
}
