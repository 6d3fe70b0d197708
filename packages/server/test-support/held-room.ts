/** A room as an engine makes it, whose workers the test can hold. For tests. */
import { expect, onTestFinished } from "vitest";
import * as Y from "yjs";
import { Engine } from "../src/engine.js";
import { silentLogger } from "../src/logger.js";
import { resolveOptions } from "../src/options.js";
import type { Room } from "../src/room/room.js";
import { MemoryStorage } from "../src/storage/memory.js";
import { systemTimers } from "../src/timers.js";
import { HeldWorkers } from "./held-workers.js";

/** On a machine that has other things to do. */
export const patiently = { timeout: 30_000 };

/** Ends with the test. */
export async function heldRoom(storage = new MemoryStorage()) {
  const workers = new HeldWorkers();
  const engine = new Engine({
    storage,
    workers,
    relay: "durable",
    limits: resolveOptions({}).limits,
    timers: systemTimers,
    logger: silentLogger,
  });
  onTestFinished(() => engine.close());
  const room = await engine.rooms.open("plan");
  const settled = () => expect.poll(() => room.isSettled, patiently).toBe(true);
  return { workers, engine, room, settled };
}

/** What is durable of a root type. */
export async function textIn(room: Room, name = "text"): Promise<string> {
  const doc = new Y.Doc();
  for await (const update of room.content()) Y.applyUpdate(doc, update);
  return doc.getText(name).toJSON();
}
