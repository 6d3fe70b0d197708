/**
 * The provider where code was written for y-websocket 3.1's. Nothing here runs: it compiles, or `npm run check` fails.
 * Whether it does the same, in the same order, is test/sockets' business.
 */
import { SynclineProvider } from "@syncline/client";
import { Awareness } from "y-protocols/awareness";
import type { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

declare const provider: SynclineProvider;
const doc = new Y.Doc();

type StockOptions = NonNullable<ConstructorParameters<typeof WebsocketProvider>[3]>;
/** Options that were put together for the other class; its `shouldReconnect` is called with the other class. */
declare const stockOptions: Omit<StockOptions, "shouldReconnect">;

export const constructed = [
  new SynclineProvider("wss://sync.example.org", "minutes", doc),
  new SynclineProvider("wss://sync.example.org", "minutes", doc, stockOptions),
  new SynclineProvider("wss://sync.example.org", "minutes", doc, {
    connect: false,
    awareness: new Awareness(doc),
    params: { theme: "dark" },
    protocols: ["one"],
    WebSocketPolyfill: WebSocket,
    resyncInterval: 10_000,
    maxBackoffTime: 2_500,
    disableBc: true,
    shouldReconnect: (event, provider) => event.code !== 4999 && provider.shouldConnect,
  }),
];

type Fields = "awareness" | "doc" | "synced" | "wsconnected" | "wsconnecting" | "bcconnected" | "shouldConnect";
type Names = "url" | "params" | "roomname" | "serverUrl";
type Methods = "connect" | "disconnect" | "destroy";
export const used: Pick<WebsocketProvider, Fields | Names | Methods> = provider;
/** A WebSocket, where there is one: what is asked of it is asked of any. */
export const socket: Pick<WebSocket, "readyState" | "close"> | null = provider.ws;
/** A token that is renewed by putting new ones there, before `token` could be a function. */
provider.params = { token: "new" };
export const returnsAtOnce: void = provider.connect();
export const flushed: Promise<void> = provider.destroy();
export const document: Y.Doc = provider.document;
export const unsynced: [number, boolean] = [provider.unsyncedChanges, provider.hasUnsyncedChanges];

type Status = "connected" | "disconnected" | "connecting";
const onStatus = ({ status }: { status: Status }) => void status;
const onSync = (isSynced: boolean) => void isSynced;
provider.on("status", onStatus);
provider.once("status", onStatus);
provider.off("status", onStatus);
provider.on("sync", onSync);
provider.on("synced", onSync);
provider.on("connection-close", (event, closed: SynclineProvider) => [event?.code, event?.reason, closed.roomname]);
provider.on("connection-error", (error, failed: SynclineProvider) => [error, failed.roomname]);
provider.on("closed", ({ code, reason }: { code: number; reason: string }) => [code, reason]);
provider.on("unsyncedChanges", ({ number }: { number: number }) => number);
provider.on("reload", () => {});
// @ts-expect-error -- there is no such event
provider.on("stauts", onStatus);
