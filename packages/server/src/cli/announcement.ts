/** What a person reads when the server listens: where it is, where documents are, and where to look. */
import { resolve } from "node:path";

interface Announced {
  readonly demo: boolean;
  readonly data: string;
  readonly insecure: boolean;
  /** The file that the server was configured by. */
  readonly configFile?: string | undefined;
  /** Whether clients are asked who they are. */
  readonly hasAuth?: boolean;
  /** Whether other users of this machine can read the key in that file. */
  readonly isKeyOpen?: boolean;
}

/** @param url `ws://host:port` */
export function announce(url: string, { demo, data, insecure, configFile, ...auth }: Announced): void {
  const { hasAuth = false, isKeyOpen = false } = auth;
  const http = url.replace(/^ws/, "http");
  const lines = [`syncline is listening on ${url}, documents are in ${resolve(data)}`];
  lines.push(demo ? `open the demo: ${http}/` : `status: ${http}/`);
  if (configFile !== undefined) lines.push(`configured by ${configFile}`);
  if (hasAuth) lines.push("clients need a token: syncline token --help");
  if (isKeyOpen) lines.push(`every user of this machine can read the key in that file: chmod 600 ${configFile}`);
  if (insecure && !hasAuth)
    lines.push("anyone who can reach this address can read and change every document (--insecure)");
  console.log(lines.join("\n"));
}
