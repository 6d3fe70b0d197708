/** A machine with a disk, on which a server process starts, serves, crashes and starts again. */
import { assertFormat, connect, Engine, KeyValueStorage, type Logger, type Workers } from "@syncline/server/engine";
import type { Random } from "../fixtures/random.js";
import type { ServerConfig } from "./config.js";
import type { SimulatedDisk } from "./disk.js";
import type { Host, Link } from "./link.js";
import type { Network } from "./network.js";
import type { People } from "./people.js";
import { Process } from "./process.js";
import { frameWithLength, type ServerTransport } from "./server-transport.js";
import { SimulatedWorkers } from "./workers.js";

export interface ServerParts {
  readonly name: string;
  readonly config: ServerConfig;
  readonly network: Network;
  readonly disk: SimulatedDisk;
  readonly people: Pick<People, "authorize">;
  readonly random: Random;
}

/** One run of the process. */
interface Life {
  readonly process: Process;
  readonly engine: Engine;
  readonly transports: Set<ServerTransport>;
  isAccepting: boolean;
}

const tickMs = 1_000;
const settleLimitMs = 4_000;
const bootAgainMs = 300;

const draining = 4503;

export class SimulatedServer implements Host {
  readonly name: string;
  readonly disk: SimulatedDisk;
  /** How likely a job of the workers comes to nothing. */
  workerFailure = 0;
  readonly #parts: ServerParts;
  readonly #links = new Set<Link>();
  #booting: Process | undefined;
  #life: Life | undefined;
  #stopping: Promise<void> | undefined;
  #lifeCount = 0;
  #idCount = 0;

  constructor(parts: ServerParts) {
    this.name = parts.name;
    this.disk = parts.disk;
    this.#parts = parts;
    parts.network.addHost(parts.name, this);
  }

  get isListening(): boolean {
    return this.#life?.isAccepting === true;
  }

  /** `undefined` while there is no process, or it has not come up yet. */
  get engine(): Engine | undefined {
    return this.#stopping ? undefined : this.#life?.engine;
  }

  get isOff(): boolean {
    return !this.#booting && !this.#life;
  }

  start(): void {
    if (!this.isOff) return;
    this.#lifeCount += 1;
    const process = new Process(`${this.name}#${this.#lifeCount}`, this.#parts.network.scheduler);
    this.#booting = process;
    void this.#boot(process);
  }

  /** The process is gone in the middle of whatever it was doing. */
  crash({ isPowerCut, isSilent }: { readonly isPowerCut: boolean; readonly isSilent: boolean }): void {
    const process = this.#booting ?? this.#life?.process;
    if (!process) return;
    process.end();
    this.#booting = this.#life = this.#stopping = undefined;
    for (const link of this.#links) link.serverCrashed(isSilent);
    this.#links.clear();
    this.disk.crash(isPowerCut);
  }

  /** As server.ts closes. */
  async stop(): Promise<void> {
    const life = this.#life;
    if (!life || this.#stopping) return;
    this.#stopping = this.#close(life);
    await this.#stopping;
    this.#life = this.#stopping = undefined;
  }

  accept(link: Link, path: string): void {
    const life = this.#life;
    if (!life?.isAccepting) return link.refused();
    const { config } = this.#parts;
    const transport = link.accepted(life.process, config.unsentLimitBytes);
    this.#links.add(link);
    life.transports.add(transport);
    link.socket.opened();
    const connection = connect(transport, path, life.engine.connectionServices(frameWithLength));
    transport.carry(connection, () => {
      life.transports.delete(transport);
      this.#links.delete(link);
    });
  }

  async #boot(process: Process): Promise<void> {
    const { disk, config, people } = this.#parts;
    const store = disk.open(process);
    try {
      await assertFormat(store, this.name);
    } catch (thrown) {
      process.end();
      this.#booting = undefined;
      this.disk.crash(false);
      this.#parts.network.scheduler.note(`${process.name} could not start: ${String(thrown)}`);
      this.#parts.network.scheduler.after(bootAgainMs, `${this.name} starts again`, () => this.start());
      return;
    }
    const storage =
      config.sabotage === "early acks" ? acksEarly(store) : new KeyValueStorage(store, { durability: "fsync" });
    const engine = new Engine({
      storage,
      workers: this.#workers(process),
      relay: config.relay,
      limits: config.limits,
      authorize: (request) => people.authorize(request),
      timers: process.timers,
      logger: this.#logger(process),
      newId: () => `${this.name}-${(this.#idCount += 1)}`,
      wallClock: () => 1_800_000_000_000 + process.timers.now(),
    });
    this.#booting = undefined;
    this.#life = { process, engine, transports: new Set(), isAccepting: true };
    this.#tick(this.#life);
  }

  #workers(process: Process): Workers {
    const { random, network, config } = this.#parts;
    return new SimulatedWorkers({
      process,
      random,
      failure: () => this.workerFailure,
      maxSegmentBytes: config.maxSegmentBytes,
      count: (name) => network.trace.count(name),
    });
  }

  #tick(life: Life): void {
    life.process.after(tickMs, "", () => {
      const nowMs = life.process.timers.now();
      for (const transport of life.transports) transport.tick(nowMs);
      this.#assertBacklog(life.engine);
      this.#tick(life);
    });
  }

  #assertBacklog({ backlogBytes }: Engine): void {
    const { config, network } = this.#parts;
    if (backlogBytes > config.backlogLimitBytes) network.trace.violate(`${backlogBytes} bytes wait for the disk`);
    if (backlogBytes < 0) network.trace.violate(`the backlog counts ${backlogBytes} bytes`);
    if (backlogBytes > config.limits.maxBacklogBytes) network.trace.count("backlogs above their limit");
  }

  async #close(life: Life): Promise<void> {
    const { transports, engine } = life;
    life.isAccepting = false;
    for (const transport of transports) transport.holdReading();
    await this.#settledOrTooLate(life);
    const gone = [...transports].map((transport) => transport.whenGone());
    for (const transport of transports) transport.close(draining, "the server is shutting down; it will be back");
    await Promise.all(gone);
    await this.#settledOrTooLate(life);
    await engine.close();
    life.process.end();
  }

  async #settledOrTooLate({ engine, process }: Life): Promise<void> {
    let cancel = () => {};
    const tooLate = new Promise<void>((resolve) => (cancel = process.timers.after(settleLimitMs, resolve)));
    await Promise.race([engine.settled(), tooLate]);
    cancel();
  }

  /** What a server may say only when something stored was damaged. */
  #assertHarmless(fields: object, message: string): void {
    const isDamage = "damage" in fields && fields.damage !== undefined;
    const isRefusal = message === "a heavy update was refused";
    if (!(isDamage || isRefusal) || this.#parts.config.isCorrupting) return;
    this.#parts.network.trace.violate(`${this.name} says: ${message} ${JSON.stringify(fields)}`);
  }

  #logger(process: Process): Logger {
    const { scheduler, trace } = this.#parts.network;
    const say = (fields: object, message: string) => {
      trace.count(`log: ${message}`);
      this.#assertHarmless(fields, message);
      scheduler.note(`${process.name} says: ${message} ${JSON.stringify(fields)}`);
    };
    return { debug: say, info: say, warn: say, error: say };
  }
}

/** A broken server, for tests of the tests: it says that what it was given is on disk before it is. */
function acksEarly(store: ConstructorParameters<typeof KeyValueStorage>[0]): KeyValueStorage {
  const storage = new KeyValueStorage(store, { durability: "fsync" });
  const append = storage.append.bind(storage);
  storage.append = async (entries) => {
    append(entries).catch(() => undefined);
    return entries.map(({ previousSeq }) => previousSeq + 1);
  };
  return storage;
}
