import type { WebSocketLike } from "@syncline/client";
import { describe, expect, it } from "vitest";
import { FakeTiming } from "../../test-support/fake-timing.js";
import { NetworkConditions } from "./conditions.js";
import { slowSocket } from "./slow-socket.js";

/** What a server would see, and do. */
class FarEnd implements WebSocketLike {
  static latest: FarEnd | undefined;
  binaryType = "blob";
  readyState: 0 | 1 | 2 | 3 = 0;
  onopen: ((event: never) => unknown) | null = null;
  onmessage: ((event: never) => unknown) | null = null;
  onerror: ((event: never) => unknown) | null = null;
  onclose: ((event: never) => unknown) | null = null;
  readonly received: number[][] = [];
  readonly url: string;
  readonly protocols: string[] | undefined;
  closedWith: readonly unknown[] | undefined;

  constructor(url: string, protocols?: string[]) {
    this.url = url;
    this.protocols = protocols;
    FarEnd.latest = this;
  }

  send(data: Uint8Array<ArrayBuffer>): void {
    this.received.push([...data]);
  }

  close(...reason: unknown[]): void {
    this.closedWith = reason;
    this.readyState = 3;
  }

  accept(): void {
    this.readyState = 1;
    this.onopen?.({ type: "open" } as never);
  }

  say(...bytes: number[]): void {
    this.onmessage?.({ data: new Uint8Array(bytes).buffer } as never);
  }

  hangUp(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code } as never);
  }
}

function makeSocket(roundTripMs = 0) {
  FarEnd.latest = undefined;
  const timing = new FakeTiming();
  const conditions = new NetworkConditions();
  conditions.change({ roundTripMs });
  const SlowSocket = slowSocket(conditions, { WebSocket: FarEnd, timing });
  const startMs = timing.now();
  const socket = new SlowSocket("ws://there", ["a"]);
  socket.binaryType = "arraybuffer";
  const heard: string[] = [];
  const note = (what: string) => heard.push(`${what} at ${timing.now() - startMs}`);
  socket.onopen = () => note("open");
  socket.onmessage = ({ data }: { readonly data: ArrayBuffer }) => note(String([...new Uint8Array(data)]));
  socket.onerror = () => note("error");
  socket.onclose = ({ code }: { readonly code: number }) => note(`close ${code}`);
  return { timing, conditions, socket, heard };
}

function farEnd(): FarEnd {
  if (!FarEnd.latest) throw new Error("nobody has connected");
  return FarEnd.latest;
}

describe("a socket over a slow network", () => {
  it("is the real one while nothing is wrong", () => {
    const { timing, socket, heard } = makeSocket();
    expect([farEnd().url, farEnd().protocols, farEnd().binaryType]).toEqual(["ws://there", ["a"], "arraybuffer"]);
    farEnd().accept();
    socket.send(new Uint8Array([1, 2]));
    farEnd().say(3);
    farEnd().hangUp(4404);
    expect(farEnd().received).toEqual([[1, 2]]);
    expect(heard).toEqual(["open at 0", "3 at 0", "close 4404 at 0"]);
    expect([socket.readyState, timing.timerCount]).toEqual([3, 0]);
  });

  it("takes two round trips to open, of which the server sees the last half", () => {
    const { timing, socket, heard } = makeSocket(100);
    timing.advance(149);
    expect(FarEnd.latest).toBeUndefined();
    timing.advance(1);
    expect(farEnd().binaryType).toBe("arraybuffer");
    farEnd().accept();
    timing.advance(49);
    expect([socket.readyState, heard]).toEqual([0, []]);
    timing.advance(1);
    expect([socket.readyState, heard]).toEqual([1, ["open at 200"]]);
  });

  it("holds up what goes, what comes, and the news of its end", () => {
    const { timing, conditions, socket, heard } = makeSocket();
    farEnd().accept();
    conditions.change({ roundTripMs: 200 });
    const bytes = new Uint8Array([1]);
    socket.send(bytes);
    bytes[0] = 9;
    farEnd().say(2);
    timing.advance(99);
    expect([farEnd().received, heard]).toEqual([[], ["open at 0"]]);
    timing.advance(1);
    expect([farEnd().received, heard]).toEqual([[[1]], ["open at 0", "2 at 100"]]);
    farEnd().say(3);
    farEnd().hangUp(1006);
    timing.advance(100);
    expect(heard.slice(2)).toEqual(["3 at 200", "close 1006 at 200"]);
    expect(timing.timerCount).toBe(0);
  });

  it("closes at once, and then neither sends nor hears anything", () => {
    const { timing, socket, heard } = makeSocket(100);
    timing.advance(150);
    farEnd().accept();
    timing.advance(50);
    socket.send(new Uint8Array([1]));
    farEnd().say(2);
    socket.close(1000, "enough");
    socket.send(new Uint8Array([3]));
    timing.advance(10_000);
    expect(farEnd().closedWith).toEqual([1000, "enough"]);
    expect([farEnd().received, heard]).toEqual([[], ["open at 200"]]);
    expect([socket.readyState, timing.timerCount]).toEqual([3, 0]);
  });

  it("never connects when it is closed before the server heard of it", () => {
    const { timing, socket } = makeSocket(100);
    timing.advance(100);
    socket.close();
    timing.advance(10_000);
    expect(FarEnd.latest).toBeUndefined();
    expect([socket.readyState, timing.timerCount]).toEqual([3, 0]);
  });

  it("tells of a connection that could not be made", () => {
    const { timing, heard } = makeSocket(100);
    timing.advance(150);
    farEnd().onerror?.({} as never);
    farEnd().hangUp(1006);
    timing.advance(50);
    expect(heard).toEqual(["error at 200", "close 1006 at 200"]);
  });
});
