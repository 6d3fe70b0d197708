/** Which connection a path asks for: two are the syncline dialect's, every other names a document of the y-websocket dialect. */
import { checkDocumentName, closeCodes, ProtocolError, sharedSocketPath, synclinePath } from "@syncline/protocol";
import { MeteredConnection } from "./metered-connection.js";
import { MultiplexedConnection } from "./multiplexed-connection.js";
import type { ConnectionServices } from "./services.js";
import { SynclineConnection } from "./syncline-connection.js";
import type { Connection, Transport } from "./transport.js";
import { YWebsocketConnection } from "./y-websocket-connection.js";

/** @param target path and query of the URL, percent-encoded; of the query only `token` counts, and only for y-websocket clients */
export function connect(transport: Transport, target: string, services: ConnectionServices): Connection {
  return new MeteredConnection(connectionOf(transport, target, services), transport, services.readingTurns);
}

function connectionOf(transport: Transport, target: string, services: ConnectionServices): Connection {
  const [path = "", query = ""] = withoutAuthority(target).split("?", 2);
  if (path === synclinePath) return new SynclineConnection(transport, services);
  if (path === sharedSocketPath) return new MultiplexedConnection(transport, services);
  try {
    const token = query === "" ? "" : (new URLSearchParams(query).get("token") ?? "");
    return new YWebsocketConnection(transport, { documentName: documentNameIn(path), token }, services);
  } catch (thrown) {
    if (!(thrown instanceof ProtocolError)) throw thrown;
    transport.close(closeCodes.protocolError, thrown.message);
    return { receive: () => undefined, closed: () => undefined, goAway: () => undefined, tick: () => undefined };
  }
}

/** Proxies may ask for a whole URL (RFC 9112, 3.2.2). */
function withoutAuthority(target: string): string {
  return target.startsWith("/") ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?]*/i, "");
}

function documentNameIn(path: string): string {
  // Somebody moved from y-websocket, whose URLs end in the document. As a name it would be understood, and its client would not.
  if (path.endsWith(synclinePath)) {
    const message = `give the server's URL without "${path.slice(0, -synclinePath.length)}"; the document's name is not part of it`;
    throw new ProtocolError("invalid-document-name", message);
  }
  let name: string;
  try {
    name = decodeURIComponent(path.slice(1));
  } catch (cause) {
    const message = "the document name in the URL is not percent-encoded UTF-8";
    throw new ProtocolError("invalid-document-name", message, { cause });
  }
  return checkDocumentName(name);
}
