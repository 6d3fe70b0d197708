/** What `@syncline/client/react` gives and takes, by its types. Nothing here runs: it compiles, or `npm run check` fails. */
import type { ProviderStatus, SynclineClient, SynclineProvider as Provider } from "@syncline/client";
import { indexedDb } from "@syncline/client/offline";
import {
  SynclineProvider,
  useArray,
  useAwareness,
  useDocument,
  useMap,
  useProvider,
  useStatus,
  useText,
  type SynclineProviderProps,
} from "@syncline/client/react";
import { createElement } from "react";
import type * as Y from "yjs";

declare const client: SynclineClient;
declare const doc: Y.Doc;
const url = "wss://sync.example.org";

interface Todo {
  readonly title: string;
  readonly isDone: boolean;
}

export function useEverything() {
  const provider: Provider = useProvider();
  const document: Y.Doc = useDocument();
  const status: ProviderStatus = useStatus();
  const isSaved: boolean = useStatus(({ inThisBrowser, durable }) => inThisBrowser === durable);
  const names: string[] = useAwareness((states) => Array.from(states.values(), (state) => String(state["user"]?.name)));
  const others: number = useAwareness((states, clientId) => (states.has(clientId) ? states.size - 1 : states.size));
  const text: Y.Text = useText("text");
  const length: number = useText("text", (content) => content.length);
  const settings: Y.Map<unknown> = useMap("settings");
  const todos: Y.Map<Todo> = useMap<Todo>("todos");
  const titles: string[] = useMap("todos", (map: Y.Map<Todo>) => Array.from(map.values(), ({ title }) => title));
  const isDone: boolean | undefined = useMap("todos", (map: Y.Map<Todo>) => map.get("first")?.isDone);
  const list: Y.Array<Todo> = useArray<Todo>("list");
  const first: Todo | undefined = useArray("list", (array: Y.Array<Todo>) => array.get(0));
  // @ts-expect-error -- a selector decides what it is
  const wrong: Y.Text = useText("text", String);
  return [
    [provider, document, status, isSaved, names, others, text, length],
    [settings, todos, titles, isDone, list, first, wrong],
  ];
}

export const elements = [
  createElement(SynclineProvider, { url, name: "minutes" }),
  createElement(SynclineProvider, { client, name: "minutes", doc, connect: false, offline: indexedDb() }, "content"),
  createElement(SynclineProvider, { url, name: "minutes", token: async () => "secret", maxBackoffTime: 1_000 }),
];

export const byUrl: SynclineProviderProps = { url, name: "minutes", protocol: "y-websocket" };
// @ts-expect-error -- one or the other
export const both: SynclineProviderProps = { url, client, name: "minutes" };
// @ts-expect-error -- one of them
export const neither: SynclineProviderProps = { name: "minutes" };
// @ts-expect-error -- the client has its token already
export const late: SynclineProviderProps = { client, name: "minutes", token: "secret" };
// @ts-expect-error -- the room makes its own, with each document
export const shared: SynclineProviderProps = { url, name: "minutes", awareness: undefined as never };
