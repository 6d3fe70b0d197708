/** `<SynclineProvider>`: holds a document open while it is mounted. */
import { createElement, useEffect, useLayoutEffect, useState, type ReactElement, type ReactNode } from "react";
import type * as Y from "yjs";
import type { SynclineClient } from "../client.js";
import type { OpenOptions, ProviderOptions } from "../options.js";
import type { SynclineProvider as Provider } from "../provider.js";
import { isServer, Room, type RoomProps } from "./room.js";
import { RoomContext } from "./room-context.js";

interface DocumentProps {
  /** Of the document, 1 to 255 bytes of UTF-8 without control characters. */
  readonly name: string;
  /** Where its content goes. @default a new one */
  readonly doc?: Y.Doc | undefined;
  /** Whether to be connected; may change at any time. @default true */
  readonly connect?: boolean | undefined;
  readonly children?: ReactNode;
}

/** A connection of its own, with the options of the class; presence is always a new one. */
interface UrlProps extends Omit<ProviderOptions<Provider>, "connect" | "awareness"> {
  /** Of the server, `ws://host:port` or `wss://host`, with a path if it is mounted under one. */
  readonly url: string;
  readonly client?: undefined;
}

/** The connection of a client, shared with all that it has open. */
interface ClientProps extends Omit<OpenOptions, "connect" | "awareness"> {
  /** Made outside of components. */
  readonly client: SynclineClient;
  readonly url?: undefined;
}

export type SynclineProviderProps = DocumentProps & (UrlProps | ClientProps);

/**
 * ```tsx
 * <SynclineProvider url="wss://sync.example.org" name="minutes/2025" token={fetchToken}>
 *   <Editor />
 * </SynclineProvider>
 * ```
 *
 * Connects when it is mounted. A second after it is unmounted it leaves, or when edits made here are on the server's disk,
 * up to 30 s later. With another `url`, `client`, `name` or `doc` it leaves one document and opens the other, at once. Other
 * props are looked at when a document is opened, but for `connect` and `token`, whose
 * latest is used, and a `shouldReconnect` that was there: the latest is called. A `token` that is a string is tried at once when it changes after one was refused.
 *
 * @throws {SynclineError} as the class does: `invalid-option`, also for another `name` with the same `doc`; `no-websocket` when
 * it is mounted and the runtime cannot
 */
export function SynclineProvider({ children, ...props }: SynclineProviderProps): ReactElement {
  const [current, setRoom] = useState(() => new Room(props));
  let room = current;
  if (!room.isOf(props)) {
    room = room.replacedBy(props);
    setRoom(room);
  }
  // Before the browser paints, and before the effects of editors. React 18 complains of it on a server, where neither runs.
  const useEarlyEffect = isServer() ? useEffect : useLayoutEffect;
  useEarlyEffect(() => room.setProps(props));
  useEarlyEffect(() => room.hold(), [room]);
  useEarlyEffect(() => room.followConnect(), [room, props.connect, stringToken(props)]);
  // Late: a tree that waits for something below it has its early effects undone, and keeps its document.
  useEffect(() => () => room.release(), [room]);
  return createElement(RoomContext.Provider, { value: room }, children);
}

function stringToken({ token }: RoomProps): string | undefined {
  return typeof token === "string" ? token : undefined;
}
