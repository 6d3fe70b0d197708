/** Which web pages may connect: those of the server's own host name, and those that are listed. */
import { isLoopback } from "../exposure.js";
import { hostNameIn, hostNameOf } from "./host-name.js";

const anyOrigin = "*";

/** What a page without an origin of its own sends: a file, a sandboxed frame. */
const noOrigin = "null";

/** `scheme://host[:port]`, or that with `*.` before the host. */
const listedOrigin = /^([a-z][a-z0-9+.-]*:\/\/)(\*\.)?([^/*?#@\s]+)$/i;

/** Whether an entry of `allowedOrigins` is one: `https://a.example`, `https://*.a.example`, `null` or `*`. */
export function isOriginPattern(text: string): boolean {
  return text === anyOrigin || text === noOrigin || originFrom(text) !== undefined;
}

interface ListedOrigin {
  /** `https://` */
  readonly scheme: string;
  /** With the port, if it is not the scheme's own. */
  readonly host: string;
  /** Without it. */
  readonly hostName: string;
  /** All hosts below this one are meant, not the host itself. */
  readonly isFamily: boolean;
}

export class AllowedOrigins {
  readonly #isAnyAllowed: boolean;
  readonly #isNoneAllowed: boolean;
  readonly #listed: readonly ListedOrigin[];

  /** @param patterns each one that `isOriginPattern` accepts */
  constructor(patterns: readonly string[]) {
    this.#isAnyAllowed = patterns.includes(anyOrigin);
    this.#isNoneAllowed = patterns.includes(noOrigin);
    this.#listed = patterns.flatMap((pattern) => originFrom(pattern) ?? []);
  }

  /** Whether a page of `origin` may ask the server that it knows as `host`, a Host header. */
  allows(origin: string, host: string): boolean {
    if (this.#isAnyAllowed || isOwnPage(origin, host)) return true;
    if (origin === noOrigin) return this.#isNoneAllowed;
    const written = canonical(origin);
    return this.#listed.some((listed) => isMeant(listed, written));
  }

  /** Whether `host`, a Host header, is that of a listed origin: somebody has said that it may be this server's. */
  listsHost(host: string): boolean {
    const name = hostNameIn(host);
    if (this.#isAnyAllowed || name === undefined) return this.#isAnyAllowed;
    return this.#listed.some(({ hostName, isFamily }) =>
      isFamily ? name.endsWith(`.${hostName}`) : name === hostName,
    );
  }
}

/** Ports do not matter: a development server beside this one is the same developer's. */
function isOwnPage(origin: string, host: string): boolean {
  if (!/^https?:\/\//i.test(origin)) return false;
  const [page, server] = [hostNameOf(origin), hostNameIn(host)];
  if (page === undefined || server === undefined) return false;
  return page === server || (isLoopback(page) && isLoopback(server));
}

function isMeant({ scheme, host, isFamily }: ListedOrigin, origin: string): boolean {
  if (!isFamily) return origin === scheme + host;
  const ending = `.${host}`;
  if (!origin.startsWith(scheme) || !origin.endsWith(ending)) return false;
  return /^[^/?#@:]+$/.test(origin.slice(scheme.length, -ending.length));
}

function originFrom(pattern: string): ListedOrigin | undefined {
  const [, scheme = "", star, host = ""] = listedOrigin.exec(pattern) ?? [];
  const hostName = hostNameOf(scheme + host);
  if (hostName === undefined) return undefined;
  const lowerScheme = scheme.toLowerCase();
  return {
    scheme: lowerScheme,
    host: canonical(scheme + host).slice(scheme.length),
    hostName,
    isFamily: star !== undefined,
  };
}

/** As browsers write it: in lower case, without a port that is the scheme's own. */
function canonical(origin: string): string {
  if (!URL.canParse(origin)) return origin;
  const { origin: written } = new URL(origin);
  // Of schemes that are no web page's.
  return written === "null" ? origin.toLowerCase() : written;
}
