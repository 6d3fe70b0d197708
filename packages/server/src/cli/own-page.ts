/**
 * Whether a request comes from a page of this server. A visitor's browser sends requests for whatever page is open in it, to
 * servers of the visitor's own machine, too.
 */
import type { IncomingMessage } from "node:http";
import { isLoopbackHost } from "../adapters/host-name.js";
import { isLoopback } from "../exposure.js";

/** Why a request is not to be obeyed; `undefined` when it is this server's own page that asks. */
export function whyForeign(request: IncomingMessage, listeningHost: string): string | undefined {
  const { origin, host = "" } = request.headers;
  if (origin === undefined || hostIn(origin) === undefined || hostIn(origin) !== hostIn(`http://${host}`)) {
    return "only the page of this server may ask for that";
  }
  // Forms cannot send it, and scripts of other origins only where the server says that they may.
  if (request.headers["content-type"] !== "application/json") return "this takes application/json";
  return whyRebound(request, listeningHost);
}

/**
 * Why the name that was asked for cannot be this server's; `undefined` when it can. The owner of a name may let it point to
 * 127.0.0.1, and their page is then of the same origin as a server that listens there.
 */
export function whyRebound({ headers }: IncomingMessage, listeningHost: string): string | undefined {
  if (!isLoopback(listeningHost) || isLoopbackHost(headers.host ?? "")) return undefined;
  return "only by a name of this machine";
}

function hostIn(origin: string): string | undefined {
  return URL.canParse(origin) ? new URL(origin).host : undefined;
}
