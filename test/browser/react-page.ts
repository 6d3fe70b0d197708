/** Runs in the pages that react.test.ts opens: mounts the application, and counts what it leaves behind. */
import { createRoot, hydrateRoot, type Root } from "react-dom/client";
import { SynclineClient } from "@syncline/client";
import { application, newWatch, type AppProps } from "./react-app.js";

const complaints: string[] = [];
window.addEventListener("unhandledrejection", ({ reason }) => complaints.push(`unhandled: ${String(reason)}`));
window.addEventListener("error", ({ message }) => complaints.push(message));
for (const level of ["error", "warn"] as const) {
  console[level] = (...args: unknown[]) => void complaints.push(args.map(String).join(" "));
}

/** All that were opened. */
const sockets: WebSocket[] = [];
window.WebSocket = class extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    sockets.push(this);
  }
};

/** An Awareness has one for as long as it lives. */
const intervals = new Set<unknown>();
const { setInterval: startInterval, clearInterval: stopInterval } = window;
window.setInterval = ((...args: Parameters<typeof startInterval>) => {
  const interval = startInterval(...args);
  intervals.add(interval);
  return interval;
}) as typeof window.setInterval;
window.clearInterval = (interval) => {
  intervals.delete(interval);
  stopInterval(interval);
};

/** What can be said from outside of the page. */
export interface PageProps extends Omit<AppProps, "server" | "watch" | "onTokenAsked" | "doc" | "waitFor"> {
  /** Of a client that all documents share, until it is another one. */
  readonly isShared?: boolean;
  /** Until `resume`; `false`: not yet. */
  readonly isSuspended?: boolean;
}

let resume = () => {};
const resumed = new Promise<void>((resolve) => (resume = resolve));

const reactPage = {
  resume,
  complaints,
  watch: newWatch(),
  tokens: [] as string[],
  intervals,
  root: undefined as Root | undefined,
  client: undefined as SynclineClient | undefined,
  openSockets: () => sockets.filter(({ readyState }) => readyState <= WebSocket.OPEN).length,
  openedSockets: () => sockets.length,

  element(url: string, { isShared = false, isSuspended, ...props }: PageProps) {
    if (isShared) reactPage.client ??= new SynclineClient({ url, maxBackoffTime: 200 });
    const server = isShared && reactPage.client ? { client: reactPage.client } : { url };
    const onTokenAsked = (token: string) => void reactPage.tokens.push(token);
    return application({
      server,
      watch: reactPage.watch,
      onTokenAsked,
      waitFor: isSuspended === undefined ? undefined : isSuspended ? resumed : null,
      ...props,
    });
  },

  /** Mounts, or renders again with other props. */
  render(url: string, props: PageProps): void {
    const container = document.getElementById("root");
    if (!container) throw new Error("no #root");
    reactPage.root ??= createRoot(container);
    reactPage.root.render(reactPage.element(url, props));
  },

  hydrate(url: string, props: PageProps): void {
    const container = document.getElementById("root");
    if (!container) throw new Error("no #root");
    const onRecoverableError = (error: unknown) => void complaints.push(`hydration: ${String(error)}`);
    reactPage.root = hydrateRoot(container, reactPage.element(url, props), { onRecoverableError });
  },

  unmount(): void {
    reactPage.root?.unmount();
    reactPage.root = undefined;
  },

  type(name: string, content: string): void {
    const text = reactPage.watch.providers[name]?.doc.getText("text");
    text?.insert(text.length, content);
  },
};

declare global {
  interface Window {
    reactPage: typeof reactPage;
  }
}
window.reactPage = reactPage;
