import { beforeEach, expect, test } from "vitest";
import type { ApplicationEvent, Wire } from "./channel.js";
import type { Member } from "./member.js";
import { Relay } from "./relay.js";
import { anybody } from "./standing.js";

const maxUnsentBytes = 100;
const event: ApplicationEvent = { kind: 1, payload: Uint8Array.of(1, 2, 3) };

let encodedCount: number;
/** What each member was sent. */
let sent: Map<Member, Uint8Array[]>;
beforeEach(() => {
  encodedCount = 0;
  sent = new Map();
});

function wire(encode: () => Uint8Array | undefined): Wire {
  const unused = () => expect.unreachable();
  return {
    updates: unused,
    synced: unused,
    presence: (_, update) => update,
    event: () => {
      encodedCount += 1;
      return encode();
    },
  };
}

const [talking, silent] = [wire(() => Uint8Array.of(7)), wire(() => undefined)];

function member(state: { wire?: Wire; unsentBytes?: number; isLive?: boolean; mayRead?: boolean } = {}): Member {
  const created = {
    channel: {
      wire: state.wire ?? talking,
      unsentBytes: state.unsentBytes ?? 0,
      send: (bytes: Uint8Array) => void sent.get(created)?.push(bytes),
    },
    delivery: { isLive: state.isLive ?? true },
    standing: { ...anybody, mayRead: state.mayRead ?? true },
    lacksPresence: false,
  } as unknown as Member;
  sent.set(created, []);
  return created;
}

function relayed(author: Member): number[] {
  new Relay(1, new Set(sent.keys()), maxUnsentBytes).event(author, event);
  return [...sent.values()].map(({ length }) => length);
}

test("an event is encoded once for each kind of client, and its author does not get it", () => {
  const author = member();
  for (let i = 0; i < 3; i++) {
    member();
    member({ wire: silent });
  }
  expect(relayed(author)).toEqual([0, 1, 0, 1, 0, 1, 0]);
  expect(encodedCount).toBe(2);
  // The same bytes, not equal ones.
  const bytes = [...sent.values()].flat();
  expect(new Set(bytes).size).toBe(1);
});

test("a member that lags goes without presence, and is known to; one that may only be seen is never behind with a document", () => {
  const author = member();
  const lagging = member({ unsentBytes: maxUnsentBytes + 1 });
  const opening = member({ unsentBytes: 1, isLive: false });
  const watching = member({ unsentBytes: 1, isLive: false, mayRead: false });
  new Relay(1, new Set(sent.keys()), maxUnsentBytes).presence(Uint8Array.of(0), new Map([[author, undefined]]));
  expect([author, lagging, opening, watching].map((each) => sent.get(each)?.length)).toEqual([0, 0, 0, 1]);
  expect([author, lagging, opening, watching].map(({ lacksPresence }) => lacksPresence)).toEqual([
    false,
    true,
    true,
    false,
  ]);
});

test("who may only be seen goes without", () => {
  const author = member();
  member({ mayRead: false });
  member();
  expect(relayed(author)).toEqual([0, 0, 1]);
});

test("a member that lags goes without", () => {
  const author = member();
  member({ unsentBytes: maxUnsentBytes });
  member({ unsentBytes: maxUnsentBytes + 1 });
  expect(relayed(author)).toEqual([0, 1, 0]);
});

test("one that is being sent the document gets that first", () => {
  const author = member();
  member({ isLive: false });
  member({ isLive: false, unsentBytes: 1 });
  expect(relayed(author)).toEqual([0, 1, 0]);
});
