/**
 * When to connect, wait, and stop, as a pure table: state × event → next state and effects. Every cell is written down;
 * one that is missing does not compile. Knows no sockets, timers or documents: connection.ts runs it.
 *
 * The idea, a gapless typed transition table, is that of electric's shape-stream-state.
 */
import type { CarrierCloseEvent } from "./carrier.js";

/** `failures` counts attempts that failed since the last connection that held. */
export type ConnectionState =
  /** Not wanted: before `connect`, after `disconnect`. */
  | { readonly kind: "idle" }
  | { readonly kind: "authorizing"; readonly failures: number }
  | { readonly kind: "connecting"; readonly failures: number; readonly token: string }
  /** Hello is sent; the server's welcome is awaited. */
  | { readonly kind: "greeting"; readonly failures: number }
  | { readonly kind: "online"; readonly failures: number }
  | { readonly kind: "waiting"; readonly failures: number }
  /** Closed for good, until someone calls `connect`. */
  | { readonly kind: "stopped"; readonly code: number; readonly reason: string }
  | { readonly kind: "destroyed" };

export type ConnectionEvent =
  | { readonly kind: "connect" }
  | { readonly kind: "disconnect" }
  | { readonly kind: "destroy" }
  | { readonly kind: "token-ready"; readonly token: string }
  | { readonly kind: "socket-opened" }
  | { readonly kind: "welcomed" }
  /** An attempt failed or the link ended; `closeEvent` is null when we ended it. */
  | {
      readonly kind: "lost";
      readonly code: number;
      readonly reason: string;
      /** Not to come back until `connect`. */
      readonly isForGood: boolean;
      /** It had worked for a while: the failures before it are forgotten. */
      readonly wasStable: boolean;
      readonly closeEvent: CarrierCloseEvent | null;
    }
  | { readonly kind: "retry-due" }
  /** The runtime says that the network is back. */
  | { readonly kind: "wake" };

/** There is one timer; starting one replaces it. */
export type ConnectionEffect =
  | { readonly kind: "fetch-token" }
  | { readonly kind: "open-socket" }
  | { readonly kind: "send-hello"; readonly token: string }
  | { readonly kind: "start-heartbeat" }
  /** Ends the socket and its heartbeat, where there is one. */
  | { readonly kind: "close-socket"; readonly closeEvent: CarrierCloseEvent | null }
  | { readonly kind: "probe-link" }
  | { readonly kind: "start-timer"; readonly timer: "token" | "attempt" }
  | { readonly kind: "start-retry-timer"; readonly failures: number }
  | { readonly kind: "stop-timer" };

export interface Step {
  readonly state: ConnectionState;
  readonly effects: readonly ConnectionEffect[];
}

type StateKind = ConnectionState["kind"];
type EventKind = ConnectionEvent["kind"];
type StateOf<Kind extends StateKind> = Extract<ConnectionState, { kind: Kind }>;
type EventOf<Kind extends EventKind> = Extract<ConnectionEvent, { kind: Kind }>;
type Cell<S extends StateKind, E extends EventKind> = (state: StateOf<S>, event: EventOf<E>) => Step;
type Table = { readonly [S in StateKind]: { readonly [E in EventKind]: Cell<S, E> } };

export const initialState: ConnectionState = { kind: "idle" };

const ignore = (state: ConnectionState): Step => ({ state, effects: [] });

const attempt = (failures: number): Step => ({
  state: { kind: "authorizing", failures },
  effects: [{ kind: "start-timer", timer: "token" }, { kind: "fetch-token" }],
});
const attemptAfresh = (): Step => attempt(0);
const attemptAgain = (state: { readonly failures: number }): Step => attempt(state.failures);

const end = (state: ConnectionState): Step => ({
  state,
  effects: [{ kind: "stop-timer" }, { kind: "close-socket", closeEvent: null }],
});
const becomeIdle = (): Step => end({ kind: "idle" });
const becomeDestroyed = (): Step => end({ kind: "destroyed" });

function lose(state: { readonly failures: number }, event: EventOf<"lost">): Step {
  const { code, reason, closeEvent } = event;
  if (event.isForGood) {
    const effects = [{ kind: "stop-timer" }, { kind: "close-socket", closeEvent }] as const;
    return { state: { kind: "stopped", code, reason }, effects };
  }
  const failures = event.wasStable ? 1 : state.failures + 1;
  const effects = [
    { kind: "close-socket", closeEvent },
    { kind: "start-retry-timer", failures },
  ] as const;
  return { state: { kind: "waiting", failures }, effects };
}

const openSocket: Cell<"authorizing", "token-ready"> = ({ failures }, { token }) => ({
  state: { kind: "connecting", failures, token },
  effects: [{ kind: "start-timer", timer: "attempt" }, { kind: "open-socket" }],
});

const greet: Cell<"connecting", "socket-opened"> = ({ failures, token }) => ({
  state: { kind: "greeting", failures },
  effects: [{ kind: "send-hello", token }],
});

const goOnline: Cell<"greeting", "welcomed"> = ({ failures }) => ({
  state: { kind: "online", failures },
  effects: [{ kind: "stop-timer" }, { kind: "start-heartbeat" }],
});

const probe: Cell<"online", "wake"> = (state) => ({ state, effects: [{ kind: "probe-link" }] });

export const connectionTable: Table = {
  idle: {
    connect: attemptAfresh,
    disconnect: ignore,
    destroy: becomeDestroyed,
    "token-ready": ignore,
    "socket-opened": ignore,
    welcomed: ignore,
    lost: ignore,
    "retry-due": ignore,
    wake: ignore,
  },
  authorizing: {
    connect: ignore,
    disconnect: becomeIdle,
    destroy: becomeDestroyed,
    "token-ready": openSocket,
    "socket-opened": ignore,
    welcomed: ignore,
    lost: lose,
    "retry-due": ignore,
    wake: ignore,
  },
  connecting: {
    connect: ignore,
    disconnect: becomeIdle,
    destroy: becomeDestroyed,
    "token-ready": ignore,
    "socket-opened": greet,
    welcomed: ignore,
    lost: lose,
    "retry-due": ignore,
    wake: ignore,
  },
  greeting: {
    connect: ignore,
    disconnect: becomeIdle,
    destroy: becomeDestroyed,
    "token-ready": ignore,
    "socket-opened": ignore,
    welcomed: goOnline,
    lost: lose,
    "retry-due": ignore,
    wake: ignore,
  },
  online: {
    connect: ignore,
    disconnect: becomeIdle,
    destroy: becomeDestroyed,
    "token-ready": ignore,
    "socket-opened": ignore,
    welcomed: ignore,
    lost: lose,
    "retry-due": ignore,
    wake: probe,
  },
  waiting: {
    connect: attemptAgain,
    disconnect: becomeIdle,
    destroy: becomeDestroyed,
    "token-ready": ignore,
    "socket-opened": ignore,
    welcomed: ignore,
    lost: ignore,
    "retry-due": attemptAgain,
    wake: attemptAgain,
  },
  stopped: {
    connect: attemptAfresh,
    disconnect: ignore,
    destroy: becomeDestroyed,
    "token-ready": ignore,
    "socket-opened": ignore,
    welcomed: ignore,
    lost: ignore,
    "retry-due": ignore,
    wake: ignore,
  },
  destroyed: {
    connect: ignore,
    disconnect: ignore,
    destroy: ignore,
    "token-ready": ignore,
    "socket-opened": ignore,
    welcomed: ignore,
    lost: ignore,
    "retry-due": ignore,
    wake: ignore,
  },
};

export function transition(state: ConnectionState, event: ConnectionEvent): Step {
  // TypeScript does not see that both indexes pick the cell for exactly these kinds; the table's type does.
  const cell = connectionTable[state.kind][event.kind] as (state: ConnectionState, event: ConnectionEvent) => Step;
  return cell(state, event);
}

export type ConnectionStatus = "connecting" | "connected" | "disconnected";

/** As bindings and applications know it from y-websocket and Hocuspocus. */
export function statusOf(state: ConnectionState): ConnectionStatus {
  switch (state.kind) {
    case "authorizing":
    case "connecting":
    case "greeting":
      return "connecting";
    case "online":
      return "connected";
    case "idle":
    case "waiting":
    case "stopped":
    case "destroyed":
      return "disconnected";
  }
}
