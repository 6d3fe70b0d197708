/** One seed from beginning to end: a world, trouble in it, peace, and what is left. */
import { promote } from "./administration.js";
import { configOf, type Sabotage, type WorldConfig } from "./config.js";
import { soundDisk } from "./disk.js";
import { assertConverged, assertNothingLost, assertStopsAreDue, unrest } from "./invariants.js";
import { RealWorld } from "./real-world.js";
import { Trace } from "./trace.js";
import { Workload } from "./workload.js";
import { World } from "./world.js";

export interface Outcome {
  readonly seed: number;
  /** The rule that was broken; `undefined` when all held. */
  readonly violation: string | undefined;
  /** Of everything that happened: two runs of one seed have the same. */
  readonly digest: string;
  readonly end: readonly string[];
  readonly eventCount: number;
  readonly counts: ReadonlyMap<string, number>;
}

export interface RunOptions {
  readonly sabotage?: Sabotage;
  /** Hears each line of the trace. */
  readonly onLine?: (line: string) => void;
  /** Takes the place of what the seed decides. */
  readonly configure?: (config: WorldConfig) => WorldConfig;
}

/** No trouble lasts longer: whatever it takes, clients' pauses included, it is over by then. */
const troubleMs = 600_000;
const peaceMs = 240_000;

export async function runSeed(seed: number, options: RunOptions = {}): Promise<Outcome> {
  const trace = new Trace(options.onLine);
  const { configure = (config: WorldConfig) => config } = options;
  const config = configure(configOf(seed, options.sabotage));
  // eslint-disable-next-line prefer-const -- the guard needs the scheduler, the world needs the guard
  let world: World;
  const guard = new RealWorld((callback) => void world.scheduler.after(0.001, "", callback));
  world = new World({ config, trace, allowTimer: (run) => guard.allow(run) });
  try {
    await simulate(world);
  } catch (thrown) {
    trace.violate(`it threw ${thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown)}`);
  } finally {
    await guard.end();
  }
  for (const error of guard.errors) trace.violate(error);
  const { violation, end, counts } = trace;
  return { seed, violation, end, counts, eventCount: world.scheduler.eventCount, digest: trace.digest() };
}

async function simulate(world: World): Promise<void> {
  const workload = new Workload(world);
  workload.begin();
  await world.scheduler.advance(troubleMs, () => workload.isOver);
  workload.isOver = true;
  if (world.trace.violation !== undefined) return;
  makePeace(world);
  await untilRest(world);
  if (world.trace.violation !== undefined) return;
  assertStopsAreDue(world);
  await assertConverged(world);
  await crashAll(world);
}

/** Everything works again, everybody is back, and somebody new comes to each document. */
function makePeace(world: World): void {
  world.scheduler.note("peace");
  world.network.healAll();
  for (const server of world.servers) {
    Object.assign(server.disk.faults, { ...soundDisk, isLying: server.disk.faults.isLying });
    server.workerFailure = 0;
  }
  for (const { person } of world.active) if (person.access === "read" && !person.isReader) promote(world, person);
  for (const client of world.active) client.comeBack();
  for (const ledger of world.ledgers) {
    if (ledger.isDeleted) continue;
    world.arrive(ledger, { kind: "syncline" });
    world.arrive(ledger, { kind: "stock" });
  }
}

async function untilRest(world: World): Promise<void> {
  const { scheduler, trace } = world;
  const endMs = scheduler.nowMs + peaceMs;
  while (scheduler.nowMs < endMs && trace.violation === undefined) {
    for (const server of world.servers) if (server.isOff) server.start();
    await scheduler.advance(1_000);
    if (unrest(world) === undefined) return;
  }
  trace.violate(`no rest after ${peaceMs / 1_000} s of peace: ${unrest(world) ?? ""}`);
}

async function crashAll(world: World): Promise<void> {
  for (const server of world.servers) {
    server.crash({ isPowerCut: true, isSilent: false });
    await assertNothingLost(world, server, "at the end");
  }
}
