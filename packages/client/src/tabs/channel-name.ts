/**
 * Which tabs share a document: those with the same server, document and person. Edits that pass between tabs pass no
 * server, which would look at what each may read; so tabs of different people must not meet.
 */

export interface TabChannelPlace {
  /** Of the server's socket, query included. */
  readonly url: string;
  readonly documentName: string;
  /** What the connection is made with; `""` when everybody may do everything. */
  readonly token: string;
  /** What the application knows its user by, in place of what can be read of the token. */
  readonly bcChannel?: string | undefined;
}

/**
 * Tabs whose places have the same name meet. Nobody can list the channels of an origin: who knows this name knew the token
 * before.
 */
export function tabChannelName({ url, documentName, token, bcChannel }: TabChannelPlace): string {
  return JSON.stringify(["syncline 1", url, documentName, bcChannel ?? personOf(token)]);
}

/**
 * Issuer and subject of a JWT: they stay when the token is renewed. Any other token stands for itself: if it changes, tabs of
 * one person may fail to meet, but those of two never do.
 */
function personOf(token: string): unknown {
  try {
    const payload = (token.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const { iss, sub } = JSON.parse(new TextDecoder().decode(bytesOf(atob(payload)))) as Record<string, unknown>;
    return typeof sub === "string" ? [iss, sub] : token;
  } catch {
    return token;
  }
}

function bytesOf(binary: string): Uint8Array {
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
