/** What a client is answered whose request could not be read, or did not come in time. Node has parsed it, or given up. */
import type { Duplex } from "node:stream";
import type { Refusals } from "../refusals.js";
import { answerOnSocket, type RefusedRequest } from "./refused-request.js";

export interface RequestLimits {
  readonly maxHeaderBytes: number;
  readonly headersTimeoutMs: number;
}

/** A listener for `clientError` of a node:http server. */
export function answerUnreadable({ maxHeaderBytes, headersTimeoutMs }: RequestLimits, refusals: Refusals) {
  return (error: Error, socket: Duplex): void => {
    const code = "code" in error ? String(error.code) : "";
    // The line broke, or TLS was not agreed upon: there is nobody to answer.
    if (!/^(HPE|ERR_HTTP)_/.test(code)) return void socket.destroy();
    const refused = unreadable(code, { maxHeaderBytes, headersTimeoutMs });
    refusals.note(refused.status === 431 ? "size" : "protocol", refused.words);
    // Behind an answer, or in one, another would be taken for a part of it.
    const wasAnswered = "bytesWritten" in socket && socket.bytesWritten !== 0;
    if (!socket.writable || wasAnswered) socket.destroy();
    else answerOnSocket(socket, refused);
  };
}

function unreadable(code: string, { maxHeaderBytes, headersTimeoutMs }: RequestLimits): RefusedRequest {
  if (code === "HPE_HEADER_OVERFLOW") {
    return { status: 431, words: `the request line and headers are above ${maxHeaderBytes} bytes` };
  }
  if (code === "ERR_HTTP_REQUEST_TIMEOUT") {
    return { status: 408, words: `the request did not come within ${headersTimeoutMs / 1000} s` };
  }
  return { status: 400, words: "this is not HTTP/1.1" };
}
