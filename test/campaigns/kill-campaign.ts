/**
 * Writers of both dialects on a server that is killed, again and again. After each kill the data is read by fresh clients
 * before any writer can come back and send again what it still has; what they read is compared with what was promised.
 *
 * A server listens at a port of its own, where only the fresh clients come. Writers know one port that never changes; it
 * is opened when the comparison is done.
 */
import { createServer } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { once } from "node:events";
import type { ServerLimits } from "@syncline/server";
import { Random } from "../fixtures/random.js";
import { CampaignDocument } from "./campaign-document.js";
import { convergence } from "./convergence.js";
import { readFresh } from "./fresh-reader.js";
import { chooseKillMoment, chooseReplayDeath } from "./kill-moment.js";
import { KillTally } from "./kill-tally.js";
import { Moments } from "./moments.js";
import { Nursery, ServerGone, type End, type ServerProcess } from "./server-process.js";
import { Typing } from "./typing.js";
import { WireTap } from "./wire-tap.js";
import { dialects } from "./writer.js";

export interface KillCampaignOptions {
  readonly seed: number;
  /** How many times the server is killed. */
  readonly kills: number;
  /** No new round begins after so long, in milliseconds. */
  readonly untilMs: number;
  /** An empty directory. */
  readonly data: string;
  readonly onProgress: (progress: string) => void;
}

const documentCount = 6;
/** A document is left alone after so many rounds, and another begun: small documents are compacted more often. */
const roundsPerDocument = 8;
const replayKillChance = 0.35;
const progressEvery = 50;

export class KillCampaign {
  readonly #options: KillCampaignOptions;
  readonly #random: Random;
  readonly #tap = new WireTap();
  readonly #tally = new KillTally();
  readonly #nursery = new Nursery();
  readonly #typing: Typing;
  readonly #moments: Moments;
  readonly #all: CampaignDocument[] = [];
  #documents: CampaignDocument[] = [];
  readonly #durations = new Map<string, number>();
  #port = 0;
  #moment = "the start";

  constructor(options: KillCampaignOptions) {
    this.#options = options;
    this.#random = new Random(options.seed);
    this.#typing = new Typing(new Random(options.seed + 1), () => this.#documents);
    this.#moments = new Moments(this.#random, this.#tally, () => this.#documents);
  }

  get tally(): KillTally {
    return this.#tally;
  }

  get report(): string {
    return this.#tally.report(this.#all, this.#options.seed);
  }

  async run(): Promise<void> {
    this.#port = await freePort(this.#random);
    for (let count = 0; count < documentCount; count++) this.#beginDocument();
    try {
      this.#typing.start();
      const { kills, untilMs } = this.#options;
      const hasMore = () => this.#tally.killCount < kills && this.#tally.elapsedMs < untilMs;
      for (let round = 1; hasMore(); round++) await this.#round(round);
      await this.#end();
    } finally {
      this.#typing.stop();
      for (const document of this.#all) document.destroy();
      await this.#nursery.close();
    }
  }

  /** From one opening of the data to the next kill under load. */
  async #round(round: number): Promise<void> {
    const killsBefore = this.#tally.killCount;
    if (this.#random.chance(replayKillChance)) await this.#killInReplay();
    const server = await this.#open(this.#documents);
    for (const document of this.#documents) document.connectAll();
    await server.openDoor(this.#port);
    await this.#liveAndDie(server);
    this.#changePeople(round);
    const every = (kills: number) => Math.floor(kills / progressEvery);
    if (every(this.#tally.killCount) > every(killsBefore)) this.#options.onProgress(this.#tally.progress);
  }

  /** A server that has been compared with what was promised of `documents`, and that no writer has reached yet. */
  async #open(documents: readonly CampaignDocument[]): Promise<ServerProcess> {
    const server = this.#nursery.take();
    await server.start({ data: this.#options.data, limits: this.#limits() });
    await Promise.all(documents.map((document) => this.#check(server, document)));
    return server;
  }

  async #check(server: ServerProcess, document: CampaignDocument): Promise<void> {
    const reading = await readFresh(server.url, document.documentName, this.#random.pick(dialects));
    this.#tally.checkCount += 1;
    const loss = document.check(reading);
    if (loss) this.#tally.losses.push({ ...loss, afterKill: this.#tally.killCount, moment: this.#moment });
  }

  /** Kills a server that opens the data, or that answers its first readers. */
  async #killInReplay(): Promise<void> {
    const server = this.#nursery.take();
    const random = this.#random;
    const isArmed = random.chance(0.5);
    if (isArmed) server.arm(chooseReplayDeath(random));
    try {
      const options = { data: this.#options.data, limits: this.#limits() };
      await (random.chance(0.4) ? server.beginStart(options) : server.start(options));
      for (const { documentName } of server.isListening ? this.#documents : []) {
        // What it reads before the end is not looked at: the next server is asked for all of it.
        void readFresh(server.url, documentName, random.pick(dialects));
      }
      await Promise.race([server.ended, delay(random.int(isArmed ? 200 : 60))]);
      if (random.chance(0.2)) {
        server.terminate();
        await Promise.race([server.ended, delay(random.int(50))]);
      }
    } catch (thrown) {
      if (!(thrown instanceof ServerGone)) throw thrown;
    }
    this.#bury(server, await server.kill(), "inReplay");
  }

  async #liveAndDie(server: ServerProcess): Promise<void> {
    const random = this.#random;
    const canRecreate = this.#documents.some(({ isDeleted }) => isDeleted);
    const moment = chooseKillMoment(random, {
      durations: this.#durations,
      canDelete: server.canDelete,
      canRecreate,
    });
    this.#moment = JSON.stringify(moment);
    await Promise.race([this.#moments.arrival(server, moment), server.ended]);
    const end = await server.kill();
    this.#bury(server, end, "underLoad", moment.kind === "unload" ? "unload" : undefined);
    await this.#tap.quiet();
  }

  #bury(
    server: ServerProcess,
    end: End,
    ...where: Parameters<KillTally["count"]> extends [End, ...infer Rest] ? Rest : never
  ) {
    this.#tally.count(end, ...where);
    this.#tally.complained(server.complaints);
    for (const [operation, micros] of server.durations) this.#durations.set(operation, micros);
    this.#tally.compactionCount += server.compactionCount;
    if (!end.wasKilled && end.exitCode !== 0)
      this.#tally.surprises.add(`a server ended by itself: ${server.lastWords}`);
  }

  /** While nobody can reach a server: some writers are replaced, a document is left and another begun. */
  #changePeople(round: number): void {
    for (const document of this.#documents) {
      if (document.surprise) this.#tally.surprises.add(`${document.surprise}; ${this.#moment}`);
    }
    if (this.#random.chance(0.4)) this.#random.pick(this.#documents).replaceWriter();
    if (round % roundsPerDocument === 0) {
      this.#documents.shift()?.destroy();
      this.#beginDocument();
    }
  }

  #beginDocument(): void {
    const document = new CampaignDocument({
      documentName: `document ${this.#all.length + 1}`,
      random: new Random(this.#options.seed + 2 + this.#all.length),
      mayPaste: this.#all.length % 3 === 0,
      url: `ws://127.0.0.1:${this.#port}`,
      tap: this.#tap,
      onTold: (kind) => this.#moments.told(kind),
    });
    document.addWriters();
    this.#documents.push(document);
    this.#all.push(document);
  }

  /** Every document that ever was is read once more; then the writers return, and all must agree with the server. */
  async #end(): Promise<void> {
    this.#typing.stop();
    const server = await this.#open(this.#all);
    for (const document of this.#documents) document.connectAll();
    await server.openDoor(this.#port);
    for (const document of this.#documents.filter(({ existence }) => existence.kind === "live")) {
      const difference = await convergence(document, server.url);
      if (difference) this.#tally.surprises.add(difference);
    }
    server.terminate();
    this.#bury(server, await server.ended, "underLoad");
  }

  /** Small, so that rooms are compacted, let go, loaded and read back from disk all the time. */
  #limits(): Partial<ServerLimits> {
    const random = this.#random;
    return {
      compactAboveBytes: 2_000 + random.int(random.chance(0.7) ? 3_000 : 18_000),
      unloadAfterMs: random.int(20),
      tailCacheBytes: 1 + random.int(random.chance(0.5) ? 1_000 : 50_000),
      segmentCacheBytes: 1 + random.int(random.chance(0.5) ? 1_000 : 200_000),
      commitIntervalMs: random.int(5),
    };
  }
}

/**
 * A port nobody listens at, below those that systems give to connections on their way out: one of those could take it
 * while the server is away.
 */
async function freePort(random: Random): Promise<number> {
  for (;;) {
    const port = 20_000 + random.int(10_000);
    const probe = createServer().listen(port, "127.0.0.1");
    const isFree = await Promise.race([
      once(probe, "listening").then(() => true),
      once(probe, "error").then(() => false),
    ]);
    if (!isFree) continue;
    probe.close();
    await once(probe, "close");
    return port;
  }
}
