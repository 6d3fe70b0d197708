/** Which connection a path asks for: one is the syncline dialect's, every other names a document of the y-websocket dialect. */
import { checkDocumentName, closeCodes, ProtocolError, synclinePath } from "@syncline/protocol";
import type { ConnectionServices } from "./services.js";
import { SynclineConnection } from "./syncline-connection.js";
import type { Connection, Transport } from "./transport.js";
import { YWebsocketConnection } from "./y-websocket-connection.js";

export function connect(transport: Transport, path: string, services: ConnectionServices): Connection {
  if (path === synclinePath) return new SynclineConnection(transport, services);
  try {
    return new YWebsocketConnection(transport, documentNameIn(path), services);
  } catch (thrown) {
    if (!(thrown instanceof ProtocolError)) throw thrown;
    transport.close(closeCodes.protocolError, thrown.message);
    return { receive: () => undefined, closed: () => undefined, tick: () => undefined };
  }
}

function documentNameIn(path: string): string {
  let name: string;
  try {
    name = decodeURIComponent(path.slice(1));
  } catch (cause) {
    const message = "the document name in the URL is not percent-encoded UTF-8";
    throw new ProtocolError("invalid-document-name", message, { cause });
  }
  return checkDocumentName(name);
}
