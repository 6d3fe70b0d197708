import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  connectionTable,
  initialState,
  statusOf,
  transition,
  type ConnectionEvent,
  type ConnectionState,
} from "./connection-state.js";

const lost = (code: number, wasStable = false): ConnectionEvent => {
  const isForGood = code === 4403;
  return { kind: "lost", code, reason: "because", isForGood, wasStable, closeEvent: null };
};

const someEvents: ConnectionEvent[] = [
  { kind: "connect" },
  { kind: "disconnect" },
  { kind: "destroy" },
  { kind: "token-ready", token: "t" },
  { kind: "socket-opened" },
  { kind: "welcomed" },
  lost(1006),
  lost(4503),
  lost(4403),
  { kind: "retry-due" },
  { kind: "wake" },
];

const someStates: ConnectionState[] = [
  { kind: "idle" },
  { kind: "authorizing", failures: 2 },
  { kind: "connecting", failures: 2, token: "t" },
  { kind: "greeting", failures: 2 },
  { kind: "online", failures: 2 },
  { kind: "waiting", failures: 2 },
  { kind: "stopped", code: 4403, reason: "no" },
  { kind: "destroyed" },
];

const run = (events: readonly ConnectionEvent[]) =>
  events.reduce((state, event) => transition(state, event).state, initialState);

describe("the connection table", () => {
  it("has a cell for every state and every event", () => {
    const stateKinds = someStates.map(({ kind }) => kind);
    const eventKinds = [...new Set(someEvents.map(({ kind }) => kind))];
    expect(Object.keys(connectionTable).sort()).toEqual(stateKinds.sort());
    for (const row of Object.values(connectionTable)) expect(Object.keys(row).sort()).toEqual(eventKinds.sort());
  });

  it("goes where this grid says", () => {
    const columns = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map((i) => someEvents[i] as ConnectionEvent);
    const grid = someStates.map((state) => {
      const cells = columns.map((event) => {
        const next = transition(state, event).state.kind;
        return (next === state.kind ? "·" : next).padEnd(11);
      });
      return `${state.kind.padEnd(11)} | ${cells.join(" ")}`.trimEnd();
    });
    // prettier-ignore
    expect(grid).toEqual([
      // event:      connect     disconnect  destroy     token-ready socket-open welcomed    lost 1006   lost 4503   lost 4403   retry-due   wake
      "idle        | authorizing ·           destroyed   ·           ·           ·           ·           ·           ·           ·           ·",
      "authorizing | ·           idle        destroyed   connecting  ·           ·           waiting     waiting     stopped     ·           ·",
      "connecting  | ·           idle        destroyed   ·           greeting    ·           waiting     waiting     stopped     ·           ·",
      "greeting    | ·           idle        destroyed   ·           ·           online      waiting     waiting     stopped     ·           ·",
      "online      | ·           idle        destroyed   ·           ·           ·           waiting     waiting     stopped     ·           ·",
      "waiting     | authorizing idle        destroyed   ·           ·           ·           ·           ·           ·           authorizing authorizing",
      "stopped     | authorizing ·           destroyed   ·           ·           ·           ·           ·           ·           ·           ·",
      "destroyed   | ·           ·           ·           ·           ·           ·           ·           ·           ·           ·           ·",
    ].map((row) => row.trimEnd()));
  });

  it("goes from connect to online", () => {
    const events = [someEvents[0], someEvents[3], someEvents[4], someEvents[5]] as ConnectionEvent[];
    const kinds = events.map((_, i) => run(events.slice(0, i + 1)).kind);
    expect(kinds).toEqual(["authorizing", "connecting", "greeting", "online"]);
  });

  it("stays away when told so, until connect is called, and comes back after everything else", () => {
    const online: ConnectionState = { kind: "online", failures: 0 };
    expect(transition(online, lost(4403)).state).toMatchObject({ kind: "stopped", code: 4403 });
    for (const event of someEvents.filter(({ kind }) => kind !== "connect" && kind !== "destroy")) {
      expect(transition({ kind: "stopped", code: 4403, reason: "" }, event).state.kind).toBe("stopped");
    }
    expect(transition(online, lost(4503)).state).toEqual({ kind: "waiting", failures: 1 });
  });

  it("counts failures until a connection held", () => {
    const failing = [{ kind: "connect" }, lost(1006), { kind: "retry-due" }, lost(1006)] as ConnectionEvent[];
    expect(run(failing)).toEqual({ kind: "waiting", failures: 2 });
    expect(transition({ kind: "online", failures: 2 }, lost(1006)).state).toMatchObject({ failures: 3 });
    expect(transition({ kind: "online", failures: 2 }, lost(1006, true)).state).toMatchObject({ failures: 1 });
  });

  it("holds at most one socket, and nothing after destroy, for any sequence of events", () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...someEvents), { maxLength: 60 }), (events) => {
        const final = [...events, { kind: "destroy" } as const].reduce(follow, { ...nothing });
        expect(final).toEqual({ state: { kind: "destroyed" }, hasSocket: false, hasTimer: false });
      }),
      { numRuns: 1_000 },
    );
  });

  it("calls itself connected only when the server has welcomed it", () => {
    const connected = someStates.filter((state) => statusOf(state) === "connected").map(({ kind }) => kind);
    const connecting = someStates.filter((state) => statusOf(state) === "connecting").map(({ kind }) => kind);
    expect([connected, connecting]).toEqual([["online"], ["authorizing", "connecting", "greeting"]]);
  });
});

interface World {
  readonly state: ConnectionState;
  readonly hasSocket: boolean;
  readonly hasTimer: boolean;
}

const nothing: World = { state: initialState, hasSocket: false, hasTimer: false };

function follow(world: World, event: ConnectionEvent): World {
  const { state, effects } = transition(world.state, event);
  let { hasSocket, hasTimer } = world;
  for (const { kind } of effects) {
    if (kind === "open-socket") {
      expect(hasSocket, "a second socket").toBe(false);
      hasSocket = true;
    }
    if (kind === "close-socket") hasSocket = false;
    if (kind === "start-timer" || kind === "start-retry-timer") hasTimer = true;
    if (kind === "stop-timer") hasTimer = false;
  }
  // A socket exists exactly in the states that use one, and whoever waits for something has a timer against waiting forever.
  expect(hasSocket).toBe(["connecting", "greeting", "online"].includes(state.kind));
  if (["authorizing", "connecting", "greeting", "waiting"].includes(state.kind)) expect(hasTimer).toBe(true);
  if (["idle", "stopped", "destroyed"].includes(state.kind)) expect(hasTimer).toBe(false);
  return { state, hasSocket, hasTimer };
}
