/** What somebody reads who was never here before. */
import { SynclineProvider } from "@syncline/client";
import { isPermanentClose } from "@syncline/protocol";
import { WebSocket } from "ws";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";
import type { Dialect } from "./writer.js";

export type Reading =
  | { readonly kind: "read"; readonly doc: Y.Doc }
  /** The server will not have it: deleted, say. */
  | { readonly kind: "refused"; readonly code: number }
  /** The connection ended first, or nothing came. */
  | { readonly kind: "interrupted" };

/** Longer than any pause of a machine that is busy. */
const answerTimeoutMs = 60_000;

export async function readFresh(url: string, documentName: string, dialect: Dialect): Promise<Reading> {
  const doc = new Y.Doc();
  const reader = dialect === "syncline" ? synclineReader(url, documentName, doc) : stockReader(url, documentName, doc);
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Reading>((resolve) => {
      timer = setTimeout(() => resolve({ kind: "interrupted" }), answerTimeoutMs);
      reader.on("sync", (isSynced: boolean) => isSynced && resolve({ kind: "read", doc }));
      reader.on("closed", ({ code }: { readonly code: number }) => resolve({ kind: "refused", code }));
      reader.on("connection-close", (event: { readonly code: number } | null) => {
        // Without an event the provider itself ended it: it was refused, and says so next.
        if (event && !isPermanentClose(event.code)) resolve({ kind: "interrupted" });
      });
      reader.connect();
    });
  } finally {
    clearTimeout(timer);
    reader.destroy();
  }
}

interface Reader {
  on(name: "sync", listener: (isSynced: boolean) => void): void;
  on(name: "closed", listener: (event: { readonly code: number }) => void): void;
  on(name: "connection-close", listener: (event: { readonly code: number } | null) => void): void;
  connect(): void;
  destroy(): void;
}

function synclineReader(url: string, documentName: string, doc: Y.Doc): Reader {
  return new SynclineProvider(url, documentName, doc, { connect: false, WebSocketPolyfill: WebSocket }) as Reader;
}

function stockReader(url: string, documentName: string, doc: Y.Doc): Reader {
  const provider = new WebsocketProvider(url, documentName, doc, {
    connect: false,
    disableBc: true,
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
  });
  return {
    on: (name: string, listener: (argument: never) => void) => void provider.on(name as "sync", listener as () => void),
    connect: () => provider.connect(),
    destroy: () => {
      provider.destroy();
      provider.awareness.destroy();
    },
  };
}
