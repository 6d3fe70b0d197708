/** Runs in the pages that offline-provider.test.ts opens: an application that keeps its document in this browser. */
import { SynclineProvider } from "@syncline/client";
import { indexedDb } from "@syncline/client/offline";
import { IndexeddbPersistence } from "y-indexeddb";
import * as Y from "yjs";

const complaints: string[] = [];
window.addEventListener("unhandledrejection", ({ reason }) => complaints.push(`unhandled: ${String(reason)}`));
window.addEventListener("error", ({ message }) => complaints.push(message));

export interface PageOptions {
  readonly openTimeoutMs?: number;
  readonly disableBc?: boolean;
}

/** A document with its provider, and what the provider told so far. */
function open(url: string, { openTimeoutMs = 3_000, disableBc = false }: PageOptions = {}) {
  const doc = new Y.Doc();
  const offline = indexedDb({ openTimeoutMs });
  const provider = new SynclineProvider(url, "notes", doc, { offline, maxBackoffTime: 300, disableBc });
  const told = {
    closed: [] as number[],
    rejected: [] as { code: number; text: string }[],
    errors: [] as string[],
    offline: [] as string[],
    revertedCount: 0,
  };
  provider.on("closed", ({ code }) => told.closed.push(code));
  provider.on("rejected", ({ code, update }) => told.rejected.push({ code, text: textOf(update) }));
  provider.on("connection-error", ({ code, message }) => told.errors.push(`${code}: ${message}`));
  provider.on("offline", (state) => told.offline.push(state));
  provider.on("reverted", () => told.revertedCount++);
  return { doc, provider, told, text: doc.getText("text") };
}

/** What a document has that holds nothing but `update`. */
function textOf(update: Uint8Array | undefined): string {
  const doc = new Y.Doc();
  if (update) Y.applyUpdate(doc, update);
  return doc.getText("text").toString();
}

/** What y-indexeddb stores of a document that was never anywhere else. */
async function storeWithStock(content: string): Promise<void> {
  const doc = new Y.Doc();
  const persistence = new IndexeddbPersistence("notes", doc);
  await persistence.whenSynced;
  doc.getText("text").insert(0, content);
  await persistence.destroy();
}

const offlineProviderPage = { complaints, open, textOf, storeWithStock, opened: undefined as unknown as Opened };

type Opened = ReturnType<typeof open>;

declare global {
  interface Window {
    offlineProviderPage: typeof offlineProviderPage;
  }
}
window.offlineProviderPage = offlineProviderPage;
