/** A server without sockets, threads, files and time of its own, in which nothing goes wrong but by what it is sent. */
import {
  connect,
  Engine,
  KeyValueStorage,
  MemoryKeyValueStore,
  resolveOptions,
  type EngineOptions,
  type Logger,
  type Workers,
} from "@syncline/server/engine";
import { InlineWorkers } from "../../support/inline-workers.js";
import { frameWithLength, Line, type LineEnd } from "./line.js";
import { must } from "./target.js";
import { timersOf, VirtualTime, type Life } from "./virtual-time.js";

type ServerLimits = ReturnType<typeof resolveOptions>["limits"];

export interface FuzzServerOptions {
  readonly limits?: Partial<ServerLimits>;
  readonly authorize?: EngineOptions["authorize"];
  readonly relay?: "durable" | "immediate";
  /** @default what a server's threads do */
  readonly workers?: Workers;
  /** What it may say as an error. @default nothing */
  readonly mayComplain?: (message: string, fields: object) => boolean;
}

const limits: Partial<ServerLimits> = {
  commitIntervalMs: 0,
  compactAboveBytes: 2_000,
  tailCacheBytes: 4_000,
  segmentCacheBytes: 8_000,
  unloadAfterMs: 3_000,
};

/** A turn of the server's own clock, as its adapters have one; and how long what is sent takes at most. */
const tickMs = 1_000;
const transitMs = 250;

export class FuzzServer {
  readonly time = new VirtualTime();
  readonly store: MemoryKeyValueStore;
  readonly #options: FuzzServerOptions;
  readonly #lines = new Set<Line>();
  readonly #complaints: string[] = [];
  #life: Life = { isOver: false };
  #engine: Engine;
  #idCount = 0;
  #lineCount = 0;

  constructor(options: FuzzServerOptions = {}, store = new MemoryKeyValueStore()) {
    this.#options = options;
    this.store = store;
    this.#engine = this.#start();
  }

  get engine(): Engine {
    return this.#engine;
  }

  /** A client comes, each from an address of its own. */
  connect(path: string, end: LineEnd): Line {
    const number = ++this.#lineCount;
    const line = new Line(this.time, `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`, end);
    this.#lines.add(line);
    line.carry(connect(line, path, this.#engine.connectionServices(frameWithLength)));
    return line;
  }

  /** Until nobody has anything to say to anybody. */
  async settle(): Promise<void> {
    const nowMs = this.time.now();
    let isQuiet = false;
    for (let round = 0; !isQuiet; round++) {
      must(round < 500, () => "server and clients never come to an end");
      await this.time.runUntil(nowMs);
      isQuiet = true;
      for (const line of this.#lines) {
        if (line.deliver()) isQuiet = false;
        if (line.isGone) this.#lines.delete(line);
      }
    }
    must(this.#complaints.length === 0, () => `the server complains: ${this.#complaints.join("; ")}`);
  }

  async pass(spanMs: number): Promise<void> {
    await this.settle();
    for (let leftMs = spanMs; leftMs > 0; leftMs -= transitMs) {
      const beforeMs = this.time.now();
      await this.time.runUntil(beforeMs + Math.min(transitMs, leftMs));
      if (Math.floor(beforeMs / tickMs) < Math.floor(this.time.now() / tickMs)) this.#tick();
      await this.settle();
    }
  }

  #tick(): void {
    for (const line of [...this.#lines]) line.tick();
  }

  /** Another process begins with what the store holds. All lines are cut. */
  async restart(): Promise<void> {
    await this.settle();
    for (const line of this.#lines) line.terminate();
    this.#lines.clear();
    await this.settle();
    this.#life.isOver = true;
    this.#life = { isOver: false };
    this.#engine = this.#start();
  }

  /** Everybody has left: nothing is kept for anybody. */
  async assertEmpty(): Promise<void> {
    for (const line of this.#lines) line.hangUp();
    await this.pass(12_000);
    const { rooms, backlogBytes } = this.#engine;
    must(rooms.count === 0, () => `${rooms.count} rooms are left when everybody is gone`);
    must(backlogBytes === 0, () => `${backlogBytes} bytes wait for the disk for ever`);
  }

  #start(): Engine {
    const { authorize, relay = "durable", workers = new InlineWorkers() } = this.#options;
    return new Engine({
      storage: new KeyValueStorage(this.store, { durability: "memory" }),
      workers,
      relay,
      limits: resolveOptions({ limits: { ...limits, ...this.#options.limits } }).limits,
      timers: timersOf(this.time, this.#life),
      logger: this.#logger(),
      ...(authorize && { authorize }),
      newId: () => `id ${++this.#idCount}`,
      wallClock: () => 1_800_000_000_000 + this.time.now(),
    });
  }

  #logger(): Logger {
    const silent = () => undefined;
    const { mayComplain = () => false } = this.#options;
    const error = (fields: object, message: string) => {
      if (!mayComplain(message, fields)) this.#complaints.push(`${message} ${JSON.stringify(fields)}`);
    };
    return { debug: silent, info: silent, warn: silent, error };
  }
}
