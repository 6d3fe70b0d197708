/** Clients of both dialects, and waiting for what they see. */
import { SynclineProvider } from "@syncline/client";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

export interface Client {
  readonly doc: Y.Doc;
  readonly text: Y.Text;
  readonly provider: SynclineProvider | WebsocketProvider;
  readonly destroy: () => void;
}

export interface SynclineClient extends Client {
  readonly provider: SynclineProvider;
}

/** A stock y-websocket provider; only its URL is ours. */
export function stockClient(url: string, documentName: string, doc = new Y.Doc()): Client {
  const provider = new WebsocketProvider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket as unknown as typeof globalThis.WebSocket,
    disableBc: true,
  });
  return clientOf(doc, provider, () => {
    provider.destroy();
    provider.awareness.destroy();
  });
}

export function synclineClient(url: string, documentName: string, doc = new Y.Doc()): SynclineClient {
  const provider = new SynclineProvider(url, documentName, doc, {
    WebSocketPolyfill: WebSocket,
    maxBackoffTime: 500,
  });
  return { ...clientOf(doc, provider, () => provider.destroy()), provider };
}

function clientOf(doc: Y.Doc, provider: Client["provider"], destroyOnce: () => void): Client {
  let isDestroyed = false;
  const destroy = () => {
    if (isDestroyed) return;
    isDestroyed = true;
    destroyOnce();
  };
  onTestFinished(destroy);
  return { doc, text: doc.getText("text"), provider, destroy };
}

/** Calls back each time the provider loses its connection. Both have the event; their types differ. */
export function whenConnectionCloses(provider: Client["provider"], callback: (code: number | undefined) => void): void {
  const look = (event: { readonly code?: number } | null) => callback(event?.code);
  if ("whenDurable" in provider) provider.on("connection-close", look);
  else provider.on("connection-close", look);
}

/** Resolves when `client` has everything the server had when it connected. */
export async function synced({ provider }: Client): Promise<void> {
  if (provider.synced) return;
  await new Promise<void>((resolve) => {
    const look = (isSynced: boolean) => isSynced && resolve();
    if ("whenDurable" in provider) provider.on("sync", look);
    else provider.on("sync", look);
  });
}

/** Resolves when `holds` is true, looking again after each update of the document. */
export async function until(doc: Y.Doc, holds: () => boolean): Promise<void> {
  if (holds()) return;
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!holds()) return;
      doc.off("update", look);
      resolve();
    };
    doc.on("update", look);
  });
}

/** Resolves when `holds` is true, looking again after each change of presence. */
export async function untilPresence(awareness: Awareness, holds: () => boolean): Promise<void> {
  if (holds()) return;
  await new Promise<void>((resolve) => {
    const look = () => {
      if (!holds()) return;
      awareness.off("change", look);
      resolve();
    };
    awareness.on("change", look);
  });
}

/** A new client's text: what the server has. */
export async function textOnServer(url: string, documentName: string): Promise<string> {
  const client = stockClient(url, documentName);
  await synced(client);
  const text = client.text.toString();
  client.destroy();
  return text;
}
