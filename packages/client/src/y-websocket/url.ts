/** Where a document of a y-websocket server is. Apart from the carrier, which is loaded later. */

/** As y-websocket builds it: the name as it is, whatever is in it. Of http and https it makes ws and wss. */
export function yWebsocketUrl(
  serverUrl: string,
  documentName: string,
  params: Readonly<Record<string, string>>,
): string {
  const query = Object.entries(params).map((pair) => pair.map(encodeURIComponent).join("="));
  const base = serverUrl.replace(/^http/, "ws").replace(/\/+$/, "");
  return `${base}/${documentName}${query.length > 0 ? "?" : ""}${query.join("&")}`;
}
