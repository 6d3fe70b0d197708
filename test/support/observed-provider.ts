/** A provider, y-websocket's or ours, made and used in the same way, and what an application sees of it. */
import { SynclineProvider } from "@syncline/client";
import { onTestFinished } from "vitest";
import { WebSocket } from "ws";
import type { Awareness } from "y-protocols/awareness";
import { WebsocketProvider } from "y-websocket";
import * as Y from "yjs";

export type ProviderKind = "y-websocket" | "syncline";

/** What code that was written for y-websocket 3.1 uses. */
export interface DropIn {
  readonly awareness: Awareness;
  readonly doc: Y.Doc;
  readonly roomname: string;
  readonly serverUrl: string;
  readonly url: string;
  params: Readonly<Record<string, string>>;
  readonly synced: boolean;
  readonly wsconnected: boolean;
  readonly wsconnecting: boolean;
  readonly bcconnected: boolean;
  readonly shouldConnect: boolean;
  readonly ws: Pick<WebSocket, "readyState" | "url" | "terminate" | "protocol"> | null;
  connect(): void;
  disconnect(): void;
  destroy(): unknown;
  on(name: string, listener: Listener): unknown;
  once(name: string, listener: Listener): unknown;
  off(name: string, listener: Listener): unknown;
}

export type Listener = (...args: unknown[]) => void;

export interface DropInOptions {
  readonly connect?: boolean;
  readonly awareness?: Awareness;
  readonly params?: Readonly<Record<string, string>>;
  readonly protocols?: string[];
  readonly disableBc?: boolean;
  readonly maxBackoffTime?: number;
  readonly shouldReconnect?: (event: { readonly code: number; readonly reason: string }, provider: unknown) => boolean;
}

type Constructor = new (url: string, room: string, doc: Y.Doc, options: object) => DropIn;

const constructors: Readonly<Record<ProviderKind, Constructor>> = {
  "y-websocket": WebsocketProvider as unknown as Constructor,
  syncline: SynclineProvider as unknown as Constructor,
};

/** `synced` comes with each `sync`; and how many arguments each has: more are not written down. */
const argumentCounts = { status: 1, sync: 1, "connection-close": 2, "connection-error": 2, closed: 2 };

/** A provider of that kind that ends with the test. */
export function dropIn(
  kind: ProviderKind,
  url: string,
  documentName: string,
  options: DropInOptions = {},
  doc = new Y.Doc(),
): DropIn {
  const provider = new constructors[kind](url, documentName, doc, {
    WebSocketPolyfill: WebSocket,
    disableBc: true,
    maxBackoffTime: 500,
    ...options,
  });
  onTestFinished(() => {
    provider.destroy();
    provider.awareness.destroy();
  });
  return provider;
}

/** The provider's fields as an application reads them. */
export interface Seen {
  readonly synced: boolean;
  readonly wsconnected: boolean;
  readonly wsconnecting: boolean;
  readonly shouldConnect: boolean;
  /** The socket's readyState; null without one. */
  readonly ws: number | null;
}

export function seen(provider: DropIn): Seen {
  const { synced, wsconnected, wsconnecting, shouldConnect, ws } = provider;
  return { synced, wsconnected, wsconnecting, shouldConnect, ws: ws && ws.readyState };
}

/** The events of a provider from now on, each as a line, such as `closed 4404 gone, provider`. */
export class EventLog {
  readonly lines: string[] = [];
  /** The fields while the listener of the line was called. */
  readonly seen: Seen[] = [];
  readonly #watchers = new Set<() => void>();

  constructor(provider: DropIn) {
    for (const [name, count] of Object.entries(argumentCounts)) {
      provider.on(name, (...args) => {
        const words = args.slice(0, count).map((argument) => wordFor(argument, provider));
        this.lines.push(`${name} ${words.join(", ")}`);
        this.seen.push(seen(provider));
        for (const look of [...this.#watchers]) look();
      });
    }
  }

  /** Resolves when the line was written so many times. */
  async count(line: string, times = 1): Promise<void> {
    await new Promise<void>((resolve) => {
      const look = () => {
        if (this.lines.filter((written) => written === line).length < times) return;
        this.#watchers.delete(look);
        resolve();
      };
      this.#watchers.add(look);
      look();
    });
  }

  /** Resolves with all lines since the last call, once `awaited` is one of them. */
  async take(awaited?: string): Promise<string[]> {
    if (awaited !== undefined) await this.count(awaited);
    // What is emitted in the same breath belongs to it.
    await new Promise<void>((resolve) => void setImmediate(resolve));
    this.seen.length = 0;
    return this.lines.splice(0);
  }

  /** Resolves when the provider has everything the server had. */
  async synced(): Promise<string[]> {
    return this.take("sync true");
  }
}

function wordFor(argument: unknown, provider: DropIn): string {
  if (argument === provider) return "provider";
  if (argument === null || typeof argument !== "object") return String(argument);
  if (argument instanceof Error) return argument.name;
  if ("status" in argument) return String(argument.status);
  if ("code" in argument && "reason" in argument) {
    const { code, reason } = argument as { code: number; reason: string };
    return reason === "" ? String(code) : `${code} ${reason}`;
  }
  return "Event";
}
