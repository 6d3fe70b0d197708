import { access } from "@syncline/protocol";
import { expect, test } from "vitest";
import { anybody } from "../room/standing.js";
import { Grants, type GrantHolder } from "./grants.js";
import { Revocations } from "./revocations.js";

interface Held {
  readonly subject?: string;
  readonly tokenId?: string;
  readonly issuedAtMs?: number;
  readonly documentName: string;
}

class World {
  readonly revocations = new Revocations();
  readonly grants = new Grants(this.revocations);
  readonly rechecked: string[] = [];
  readonly dismissed: string[] = [];

  hold(
    name: string,
    { subject, tokenId, issuedAtMs, documentName }: Held,
    recheck = async (): Promise<void> => undefined,
  ) {
    const standing = { ...anybody, subject };
    const holder: GrantHolder = {
      documentName,
      grant: { level: access.write, standing, tokenId, issuedAtMs, rates: undefined, expiresAtMs: Infinity },
      recheck: () => {
        this.rechecked.push(name);
        return recheck();
      },
      dismiss: (code, reason) => void this.dismissed.push(`${name} ${code} ${reason}`),
    };
    this.grants.add(holder);
    return holder;
  }
}

test("what is named is looked at anew, on all sockets, and nothing else", async () => {
  const world = new World();
  world.hold("alice here", { subject: "alice", tokenId: "t1", documentName: "plan" });
  world.hold("alice there", { subject: "alice", tokenId: "t2", documentName: "notes" });
  world.hold("bob", { subject: "bob", tokenId: "t3", documentName: "plan" });
  world.hold("nobody", { documentName: "plan" });
  const recheck = async (revoked: Parameters<Grants["recheck"]>[0]) => {
    world.rechecked.length = 0;
    return [(await world.grants.recheck(revoked)).count, ...world.rechecked];
  };
  expect(await recheck({ subject: "alice" })).toEqual([2, "alice here", "alice there"]);
  expect(await recheck({ tokenId: "t3" })).toEqual([1, "bob"]);
  expect(await recheck({ documentName: "plan" })).toEqual([3, "alice here", "bob", "nobody"]);
  expect(await recheck({ subject: "alice", documentName: "plan" })).toEqual([1, "alice here"]);
  expect(await recheck({ subject: "carol" })).toEqual([0]);
  expect(await recheck({})).toEqual([4, "alice here", "alice there", "bob", "nobody"]);
});

test("it is done when each has its answer; who leaves or comes meanwhile does not disturb", async () => {
  const world = new World();
  let answer: () => void = () => undefined;
  const slow = new Promise<void>((resolve) => (answer = resolve));
  const leaving = world.hold("leaving", { documentName: "plan" }, async () => world.grants.delete(leaving));
  world.hold("slow", { documentName: "plan" }, () => slow);
  const before = world.grants.recheckCount;
  let isDone = false;
  const done = world.grants.recheck({}).finally(() => (isDone = true));
  // Who is on the way in sees from this that they have to look themselves.
  expect(world.grants.recheckCount).toBe(before + 1);
  world.hold("late", { documentName: "plan" });
  await new Promise<void>((resolve) => setImmediate(resolve));
  expect(isDone).toBe(false);
  answer();
  expect(await done).toEqual({ count: 2, goneCount: 1 });
  expect(world.rechecked).toEqual(["leaving", "slow"]);
  expect(await world.grants.recheck({})).toEqual({ count: 2, goneCount: 0 });
});

test("what is known to be revoked goes at once, whatever the callback takes to answer", async () => {
  const world = new World();
  const never = () => new Promise<void>(() => undefined);
  world.hold("old", { subject: "alice", issuedAtMs: 1_000, documentName: "plan" }, never);
  world.hold("named", { subject: "alice", tokenId: "t", documentName: "plan" });
  world.hold("new", { subject: "alice", issuedAtMs: 3_000, documentName: "plan" });
  world.revocations.add({ subject: "alice", revokedAt: 2_000 });
  await world.grants.recheck({ subject: "alice" });
  expect(world.dismissed).toEqual(["old 4401 the access was revoked"]);
  expect(world.rechecked).toEqual(["named", "new"]);
});
