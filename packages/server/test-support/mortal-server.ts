/** A server without sockets or threads, in virtual time, that can be killed in the middle of whatever it does and started again. */
import { Engine, type EngineOptions, type Workers } from "../src/engine.js";
import { createSynclineWire } from "../src/connection/syncline-wire.js";
import type { ConnectionServices } from "../src/connection/services.js";
import { silentLogger } from "../src/logger.js";
import { resolveOptions, type ServerLimits } from "../src/options.js";
import type { Storage } from "../src/storage/storage.js";
import { compact } from "../src/worker/compact.js";
import { diff } from "../src/worker/diff.js";
import type { Pieces } from "../src/worker/jobs.js";
import { salvage } from "../src/worker/salvage.js";
import { scanLarge } from "../src/worker/large-update.js";
import { Trials } from "../src/worker/trial.js";
import { pipeFraming } from "./piped-transport.js";
import { slowStorage } from "./slow-storage.js";
import type { VirtualTime } from "./virtual-time.js";

export interface MortalServerOptions {
  readonly time: VirtualTime;
  /** Outlives it, as a disk does. */
  readonly storage: Storage;
  readonly relay: EngineOptions["relay"];
  readonly limits?: Partial<ServerLimits>;
  /** How long a step of the store or of a worker takes; with 0 it goes on in the same turn. */
  readonly latencyMs: () => number;
  /** Names that no other server makes. */
  readonly newId: () => string;
  /** Small, so that entries take several frames. */
  readonly maxFrameBytes: number;
}

export class MortalServer {
  readonly engine: Engine;
  readonly services: ConnectionServices;
  readonly #options: MortalServerOptions;
  readonly #trials = new Trials({ now: () => 0 });
  #isDead = false;
  /** Jobs that workers were given, by their names. */
  readonly jobs: string[] = [];

  constructor(options: MortalServerOptions) {
    this.#options = options;
    const { time: timers, relay, limits, newId, maxFrameBytes } = options;
    this.engine = new Engine({
      storage: slowStorage(options.storage, () => this.#pause()),
      workers: this.#workers(),
      relay,
      limits: { ...resolveOptions({}).limits, ...limits },
      timers,
      logger: silentLogger,
      newId,
      wallClock: () => timers.now(),
    });
    const services = this.engine.connectionServices(pipeFraming);
    const syncline = createSynclineWire(pipeFraming, maxFrameBytes);
    this.services = { ...services, wires: { ...services.wires, syncline } };
  }

  /** What it was doing never ends. */
  kill(): void {
    this.#isDead = true;
  }

  async #pause(): Promise<void> {
    const latencyMs = this.#options.latencyMs();
    if (latencyMs > 0) await this.#options.time.sleep(latencyMs);
    if (this.#isDead) await new Promise<never>(() => undefined);
  }

  #workers(): Workers {
    const job = async (name: string, pieces: Pieces): Promise<Uint8Array[]> => {
      this.jobs.push(name);
      const list: Uint8Array[] = [];
      for await (const piece of pieces) list.push(piece.slice());
      await this.#pause();
      return list;
    };
    return {
      compact: async (pieces, options) => compact(await job("compact", pieces), { maxSegmentBytes: 500, ...options }),
      salvage: async (pieces) => salvage(await job("salvage", pieces), { now: () => 0 }),
      diff: async (pieces, stateVector, options) => diff(await job("diff", pieces), stateVector, options),
      content: async (pieces) => (await job("content", pieces), new Uint8Array()),
      scan: async (request) => (await job("scan", []), scanLarge(request)),
      trial: async ({ documentKey, version, piecesSince, stateVector, update }) => {
        const pieces = await job("trial", piecesSince(this.#trials.versionOf(documentKey)));
        this.#trials.build(documentKey, version, pieces);
        return this.#trials.apply(documentKey, update, stateVector);
      },
      checkRoots: async ({ documentKey, version, piecesSince, roots, update }) => {
        const pieces = await job("root check", piecesSince(this.#trials.versionOf(documentKey)));
        this.#trials.build(documentKey, version, pieces);
        return this.#trials.check(documentKey, update, roots);
      },
      forget: (documentKey) => this.#trials.forget(documentKey),
      close: () => Promise.resolve(),
    };
  }
}
