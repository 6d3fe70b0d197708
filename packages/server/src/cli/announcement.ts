/** What a person reads when the server listens: where it is, where documents are, and where to look. */
import { resolve } from "node:path";

interface Announced {
  readonly demo: boolean;
  readonly data: string;
  readonly insecure: boolean;
}

/** @param url `ws://host:port` */
export function announce(url: string, { demo, data, insecure }: Announced): void {
  const http = url.replace(/^ws/, "http");
  const lines = [`syncline is listening on ${url}, documents are in ${resolve(data)}`];
  lines.push(demo ? `open the demo: ${http}/` : `status: ${http}/`);
  if (insecure) lines.push("anyone who can reach this address can read and change every document (--insecure)");
  console.log(lines.join("\n"));
}
