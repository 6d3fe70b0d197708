/** HTTP requests as bytes, with whatever Host, Origin and addresses they like. */
import { once } from "node:events";
import { connect } from "node:net";

export interface RawAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The answer to `text`, as far as it comes before the server hangs up or `Content-Length` is there. */
export async function askRaw(port: number, text: string): Promise<RawAnswer> {
  const socket = connect(port, "127.0.0.1");
  let heard = "";
  socket.on("error", () => undefined);
  socket.on("data", (part: Buffer) => {
    heard += part.toString("latin1");
    if (isComplete(heard)) socket.destroy();
  });
  const closed = once(socket, "close");
  socket.write(text, "latin1");
  await closed;
  return parsed(heard);
}

export type Headers = Readonly<Record<string, string | undefined>>;

const upgradeHeaders: Headers = {
  Connection: "Upgrade",
  Upgrade: "websocket",
  "Sec-WebSocket-Version": "13",
  "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
};

/** The request by which a WebSocket begins. */
export function upgradeText(path: string, headers: Headers): string {
  return requestText(`GET ${path}`, { ...upgradeHeaders, ...headers });
}

export function requestText(what: string, headers: Headers): string {
  const lines = Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [`${name}: ${value}`]));
  return [`${what} HTTP/1.1`, ...lines, "", ""].join("\r\n");
}

function isComplete(heard: string): boolean {
  const end = heard.indexOf("\r\n\r\n");
  if (end < 0) return false;
  if (/^HTTP\/1\.1 (101|204) /.test(heard)) return true;
  if (/\r\ntransfer-encoding: chunked/i.test(heard.slice(0, end))) return heard.endsWith("\r\n0\r\n\r\n");
  const length = /\r\ncontent-length: (\d+)/i.exec(heard.slice(0, end))?.[1];
  return length !== undefined && heard.length >= end + 4 + Number(length);
}

function parsed(heard: string): RawAnswer {
  const [head = "", ...rest] = heard.split("\r\n\r\n");
  const [first = "", ...lines] = head.split("\r\n");
  const headers = lines.map((line) => /^([^:]*): *(.*)$/.exec(line) ?? []);
  return {
    status: Number(first.split(" ")[1]),
    headers: Object.fromEntries(headers.map(([, name = "", value = ""]) => [name.toLowerCase(), value])),
    body: rest.join("\r\n\r\n"),
  };
}
