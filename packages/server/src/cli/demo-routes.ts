/** `/.syncline/demo`: whether the page may have the server killed, and its wish that this be done. */
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Respond } from "../adapters/responder.js";
import { whyForeign, whyRebound } from "./own-page.js";

export interface DemoRoutesOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** Has this process killed; `undefined` where nobody would start it again. */
  readonly crash: (() => void) | undefined;
}

const demoPath = "/.syncline/demo";
const crashPath = `${demoPath}/crash`;

export function demoRoutes({ host, crash }: DemoRoutesOptions): Respond {
  return (request, response) => {
    const path = request.url?.split("?", 1)[0];
    if (path === demoPath) describe(request, response, crash !== undefined && !whyRebound(request, host));
    else if (path === crashPath && crash) takeWish(request, response, { host, crash });
    else return false;
    return true;
  };
}

/** The process is named so that the page can tell the server that was started again from the one that it had killed. */
function describe({ method }: IncomingMessage, response: ServerResponse, canCrash: boolean): void {
  if (method !== "GET" && method !== "HEAD") return refuse(response, 405, { words: "only GET", allow: "GET" });
  answer(response, 200, { canCrash, pid: process.pid });
}

function takeWish(
  request: IncomingMessage,
  response: ServerResponse,
  { host, crash }: { readonly host: string; readonly crash: () => void },
): void {
  if (request.method !== "POST") return refuse(response, 405, { words: "only POST", allow: "POST" });
  const why = whyForeign(request, host);
  if (why !== undefined) return refuse(response, 403, { words: why });
  // What is left unread when a process dies can make the system take the answer back.
  request.resume().once("end", () => {
    response.setHeader("Connection", "close");
    response.once("finish", crash);
    answer(response, 202, { pid: process.pid });
  });
}

function refuse(
  response: ServerResponse,
  status: 403 | 405,
  { words, allow }: { readonly words: string; readonly allow?: string },
): void {
  if (allow !== undefined) response.setHeader("Allow", allow);
  response.setHeader("Connection", "close");
  response
    .writeHead(status, { "Content-Type": "text/plain; charset=utf-8", "Cache-Control": "no-store" })
    .end(`${words}\n`);
}

function answer(response: ServerResponse, status: 200 | 202, value: object): void {
  response
    .writeHead(status, { "Content-Type": "application/json", "Cache-Control": "no-store" })
    .end(JSON.stringify(value));
}
