/** Bodies of requests that have none. Nobody reads them, and nobody waits for their end. */
import type { IncomingMessage, ServerResponse } from "node:http";

/** The connection ends with the answer when `request` has a body: node would read all of it, however long that takes. */
export function refuseBody({ headers }: IncomingMessage, response: ServerResponse): void {
  const hasBody = Number(headers["content-length"] ?? 0) > 0 || headers["transfer-encoding"] !== undefined;
  if (hasBody) response.setHeader("Connection", "close");
}
