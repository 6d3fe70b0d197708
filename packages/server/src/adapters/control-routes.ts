/** What can be asked of the control endpoint: the methods of Documents by their names, and the end of somebody's access. */
import { isAbsolute } from "node:path";
import type { Revoked } from "../connection/revocations.js";
import type { Documents } from "../documents/documents.js";
import { SynclineError } from "../error.js";
import { version } from "../version.js";
import type { Exchange } from "./control-exchange.js";
import { decodeUpdates } from "./control-wire.js";

/** All that the outside does with documents as a whole. */
export type ControlledDocuments = Pick<
  Documents,
  "list" | "inspect" | "delete" | "recreate" | "export" | "content" | "import" | "check" | "repair" | "backUp"
>;

export interface ControlledServer {
  readonly documents: ControlledDocuments;
  /** Resolves with how many clients it was about. */
  readonly revoke: (revoked: Revoked) => Promise<number>;
}

export type ControlRoutes = Readonly<Record<string, (exchange: Exchange) => Promise<void>>>;

/** All updates of one import. */
const maxImportBytes = 1024 * 1024 * 1024;

export function createControlRoutes({ documents, revoke }: ControlledServer): ControlRoutes {
  return {
    "GET /": async (exchange) => exchange.sendJson({ syncline: version }),
    "GET /list": (exchange) => exchange.sendLines(documents.list()),
    "GET /inspect": async (exchange) => exchange.sendJson(await documents.inspect(exchange.documentName)),
    "GET /export": async (exchange) => exchange.sendBytes(await documents.export(exchange.documentName)),
    "GET /content": async (exchange) =>
      exchange.sendBytes(await documents.content(exchange.documentName), "application/json"),
    "GET /check": async (exchange) => exchange.sendJson(await documents.check(exchange.documentName)),
    "POST /repair": async (exchange) => exchange.sendJson(await documents.repair(exchange.documentName)),
    "POST /delete": async (exchange) => {
      await documents.delete(exchange.documentName);
      exchange.sendJson({});
    },
    "POST /recreate": async (exchange) => {
      await documents.recreate(exchange.documentName);
      exchange.sendJson({});
    },
    "POST /revoke": async (exchange) =>
      exchange.sendJson({ clientCount: await revoke(revokedIn(await exchange.readJson())) }),
    "POST /import": async (exchange) => {
      const { documentName } = exchange;
      const updates = await decodeUpdates(exchange.body, maxImportBytes);
      exchange.sendJson(await documents.import(documentName, updates, { replace: exchange.isAsked("replace") }));
    },
    "POST /backup": async (exchange) => {
      const directory = directoryIn(await exchange.readJson());
      // Throws when whoever asked has gone, which ends the copy.
      await documents.backUp(directory, (progress) => exchange.writeLine(progress));
      exchange.endLines();
    },
  };
}

/** @throws {SynclineError} `invalid-option`: what is misspelt must not name more than was meant */
function revokedIn(body: unknown): Revoked {
  const isObject = typeof body === "object" && body !== null;
  for (const [key, value] of isObject ? Object.entries(body) : []) {
    if (!["subject", "tokenId", "documentName"].includes(key) || typeof value !== "string") {
      throw new SynclineError("invalid-option", "what is revoked is a subject, a tokenId, a documentName, each a text");
    }
  }
  return isObject ? body : {};
}

function directoryIn(body: unknown): string {
  const directory = typeof body === "object" && body !== null && "directory" in body ? body.directory : undefined;
  if (typeof directory === "string" && isAbsolute(directory)) return directory;
  throw new SynclineError("invalid-option", "a backup needs a directory, as an absolute path");
}
