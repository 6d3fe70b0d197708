/**
 * The name under which Syncline serves what a y-websocket client asks for by the path of its URL. Servers of y-websocket
 * take the path as it is, percent-encoded, for the name; Syncline decodes it.
 */

/** `pathName`, the path after the server's URL, decoded; as it is where it is not percent-encoded UTF-8. */
export function documentNameOfPath(pathName: string): string {
  try {
    return decodeURIComponent(pathName);
  } catch {
    return pathName;
  }
}

export interface DocumentAddress {
  readonly url: URL;
  readonly documentName: string;
}

/**
 * Where a stock provider that is given `serverUrl` and `roomName` connects; `undefined` when the name leads nowhere below
 * that URL (`..`). Query and credentials of `serverUrl` are kept.
 */
export function addressOf(serverUrl: URL, roomName: string): DocumentAddress | undefined {
  const url = new URL(serverUrl);
  url.hash = "";
  const basePath = url.pathname.endsWith("/") ? url.pathname : `${url.pathname}/`;
  // The setter encodes what a path cannot hold and leaves the rest, as the WebSocket of a browser does.
  url.pathname = basePath + roomName;
  const pathName = url.pathname.startsWith(basePath) ? url.pathname.slice(basePath.length) : "";
  return pathName === "" ? undefined : { url, documentName: documentNameOfPath(pathName) };
}
