/** A small application in React, of documents with a note in each: what react.test.ts mounts, in a page and on a server. */
import {
  Activity,
  createElement,
  Fragment,
  StrictMode,
  Suspense,
  use,
  useEffect,
  useLayoutEffect,
  type ReactElement,
  type ReactNode,
} from "react";
import type { SynclineClient } from "@syncline/client";
import {
  SynclineProvider,
  useArray,
  useAwareness,
  useDocument,
  useMap,
  useProvider,
  useStatus,
  useText,
} from "@syncline/client/react";
import type * as Y from "yjs";

export interface AppProps {
  readonly server: { readonly url: string } | { readonly client: SynclineClient };
  /** One `<SynclineProvider>` beside the other. */
  readonly names: readonly string[];
  readonly isStrict?: boolean;
  readonly connect?: boolean;
  readonly doc?: Y.Doc;
  readonly token?: string;
  /** In the place of a function. */
  readonly stringToken?: string;
  readonly onTokenAsked?: (token: string) => void;
  readonly isHidden?: boolean;
  /** Nothing is shown before. */
  readonly waitFor?: Promise<void> | null | undefined;
  readonly watch: Watch;
}

/** What the test gets to see. */
export interface Watch {
  /** Renders of components, by name. */
  readonly renders: Record<string, number>;
  /** Providers that effects of children saw first, and whether their presence could be used. */
  readonly first: { readonly provider: ReturnType<typeof useProvider>; readonly hasPresence: boolean }[];
  /** By document. */
  readonly providers: Record<string, ReturnType<typeof useProvider>>;
}

/** StrictMode goes first: React tries effects twice only where it is outermost. */
export function application({ isStrict, ...props }: AppProps): ReactElement {
  return createElement(isStrict ? StrictMode : Fragment, null, createElement(App, props));
}

function App({ server, names, isHidden, waitFor, watch, ...rest }: Omit<AppProps, "isStrict">): ReactNode {
  const { token = "", stringToken, onTokenAsked = () => {}, ...props } = rest;
  // By place: with other names the same components get them.
  const documents = names.map((name, key) => {
    // Made anew by each render, as they are in applications.
    const asked = () => {
      onTokenAsked(token);
      return token;
    };
    const connection =
      "client" in server ? server : { ...server, token: stringToken ?? asked, params: {}, maxBackoffTime: 200 };
    const note = createElement(Note, { name, watch });
    return createElement(SynclineProvider, { key, name, ...connection, ...props }, note);
  });
  return inBoundaries(documents, isHidden, waitFor);
}

function inBoundaries(documents: ReactNode[], isHidden?: boolean, waitFor?: Promise<void> | null): ReactNode {
  if (waitFor !== undefined) return createElement(Suspense, null, ...documents, createElement(Waiting, { waitFor }));
  if (isHidden === undefined) return documents;
  return createElement(Activity, { mode: isHidden ? "hidden" : "visible", children: documents });
}

/** Keeps what is beside it from being shown, and React throws away what it has rendered of it. */
function Waiting({ waitFor }: { readonly waitFor: Promise<void> | null }): ReactNode {
  if (waitFor) use(waitFor);
  return null;
}

function Note({ name, watch }: { readonly name: string; readonly watch: Watch }): ReactNode {
  const provider = useProvider();
  useLayoutEffect(() => {
    provider.awareness.setLocalStateField("document", name);
    const hasPresence = provider.awareness.getLocalState()?.["document"] === name;
    watch.first.push({ provider, hasPresence });
  }, [provider, name, watch]);
  useEffect(() => {
    watch.providers[name] = provider;
  }, [provider, name, watch]);
  const parts = [Content, Count, Status, People, Lists].map((part) => createElement(part, { key: part.name, watch }));
  return createElement("section", { id: `note-${name}` }, ...parts);
}

interface PartProps {
  readonly watch: Watch;
}

function Content({ watch }: PartProps): ReactNode {
  rendered(watch, "content");
  return createElement("p", { className: "content" }, useText("text").toString());
}

/** Builds a new object each time: renders again when the count of words is another only. */
function Count({ watch }: PartProps): ReactNode {
  rendered(watch, "count");
  const { words } = useText("text", (text) => ({ words: text.toString().split(" ").length }));
  return createElement("p", { className: "count" }, words);
}

function Status({ watch }: PartProps): ReactNode {
  rendered(watch, "status");
  const whole = useStatus();
  const connection = useStatus((status) => status.connection);
  return createElement("p", { className: "status" }, `${connection} ${String(whole.synced)}`);
}

function People({ watch }: PartProps): ReactNode {
  rendered(watch, "people");
  const others = useAwareness((states, own) => Array.from(states.keys()).filter((clientId) => clientId !== own));
  const everyone = useAwareness((states) => states);
  return createElement("p", { className: "people" }, `${others.length} of ${everyone.size}`);
}

function Lists({ watch }: PartProps): ReactNode {
  rendered(watch, "lists");
  const keys = useMap("map", (map) => Array.from(map.keys()).sort());
  const items = useArray<string>("array");
  const isSame = useDocument().getArray("array") === items;
  return createElement("p", { className: "lists" }, `${keys.join()} ${items.toArray().join()} ${String(isSame)}`);
}

function rendered({ renders }: Watch, part: string): void {
  renders[part] = (renders[part] ?? 0) + 1;
}

export function newWatch(): Watch {
  return { renders: {}, first: [], providers: {} };
}
