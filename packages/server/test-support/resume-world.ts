/** A server, clients that resume, and what is known of what was written: whether a claim is true can be looked up. For tests. */
import { expect } from "vitest";
import * as Y from "yjs";
import { Random } from "../../../test/fixtures/random.js";
import type { ServerLimits } from "../src/options.js";
import { KeyValueStorage } from "../src/storage/key-value-storage.js";
import { recordKey } from "../src/storage/layout.js";
import { MemoryKeyValueStore } from "../src/storage/memory.js";
import type { AppendEntry, Repair, Storage } from "../src/storage/storage.js";
import { MortalServer } from "./mortal-server.js";
import { ResumingClient, type Claim } from "./resuming-client.js";
import { VirtualTime } from "./virtual-time.js";

export const documentName = "resumed";

export type Relay = "durable" | "immediate";

/** Everything that was ever written to the document, by seq, whatever became of it in the store. */
export class WrittenLog {
  readonly #records = new Map<number, readonly Uint8Array[]>();
  /** Counts repairs: after one, claims are about another log. */
  era = 0;

  watch(storage: Storage): Storage {
    const append = async (entries: readonly AppendEntry[]) => {
      const seqs = await storage.append(entries);
      for (const [index, { updates }] of entries.entries()) this.#records.set(seqs[index] as number, updates);
      return seqs;
    };
    const repairDocument = async (name: string, repair: Repair) => {
      const pointer = await storage.repairDocument(name, repair);
      this.era += 1;
      this.#records.clear();
      this.#records.set(repair.snapshot.coveredSeq, repair.snapshot.segments);
      return pointer;
    };
    const watched = { append, repairDocument };
    return new Proxy(storage, {
      get: (target, name) => {
        if (name in watched) return watched[name as keyof typeof watched];
        const member = Reflect.get(target, name, target) as unknown;
        return typeof member === "function" ? (member.bind(target) as unknown) : member;
      },
    });
  }

  /** Updates after `seq`, up to `upTo`. */
  between(seq: number, upTo: number): Uint8Array[] {
    const seqs = [...this.#records.keys()].filter((other) => other > seq && other <= upTo).sort((a, b) => a - b);
    return seqs.flatMap((other) => this.#records.get(other) ?? []);
  }

  get lastSeq(): number {
    return Math.max(0, ...this.#records.keys());
  }
}

/** A client, and what it has to hold by its claims. */
export class Witness {
  readonly client: ResumingClient;
  readonly #log: WrittenLog;
  #claimed = new Y.Doc();
  #claimedSeq = 0;
  #era = 0;
  claimCount = 0;

  constructor(world: World, clientId: number) {
    this.#log = world.log;
    this.client = new ResumingClient({
      time: world.time,
      documentName,
      clientId,
      latencyMs: () => world.random.int(20),
      claimed: (claim) => this.#check(claim),
    });
  }

  #check({ seq }: Claim): void {
    this.claimCount += 1;
    expect(seq).toBeLessThanOrEqual(this.#log.lastSeq);
    if (this.#era !== this.#log.era) [this.#era, this.#claimedSeq, this.#claimed] = [this.#log.era, 0, new Y.Doc()];
    for (const update of this.#log.between(this.#claimedSeq, seq)) Y.applyUpdate(this.#claimed, update);
    this.#claimedSeq = seq;
    const { doc } = this.client;
    const held = Y.decodeStateVector(Y.encodeStateVector(doc));
    for (const [client, clock] of Y.decodeStateVector(Y.encodeStateVector(this.#claimed))) {
      expect(held.get(client) ?? 0, `what client ${client} wrote, at seq ${seq}`).toBeGreaterThanOrEqual(clock);
    }
    const deleted = Y.createDeleteSetFromStructStore(doc.store);
    for (const [client, ranges] of Y.createDeleteSetFromStructStore(this.#claimed.store).clients) {
      for (const { clock, len } of ranges) {
        for (let at = clock; at < clock + len; at++) expect(Y.isDeleted(deleted, Y.createID(client, at))).toBe(true);
      }
    }
  }
}

export class World {
  readonly time = new VirtualTime();
  readonly random: Random;
  readonly log = new WrittenLog();
  readonly witnesses: Witness[] = [];
  readonly store = new MemoryKeyValueStore();
  server: MortalServer;
  readonly #relay: Relay;
  readonly #limits: Partial<ServerLimits>;
  readonly #storage: Storage;
  #idCount = 0;
  #clientCount = 0;
  readonly #earlierJobs: string[] = [];
  maxLatencyMs = 30;

  constructor(seed: number, relay: Relay, limits: Partial<ServerLimits> = {}) {
    this.random = new Random(seed);
    this.#relay = relay;
    this.#limits = limits;
    this.#storage = this.log.watch(new KeyValueStorage(this.store, { durability: "memory" }));
    this.server = this.#start();
  }

  add(): ResumingClient {
    const witness = new Witness(this, ++this.#clientCount);
    this.witnesses.push(witness);
    return witness.client;
  }

  /** Jobs of workers, over all lives of the server. */
  jobCount(name: string): number {
    const { jobs } = this.server;
    return this.#earlierJobs.concat(jobs).filter((job) => job === name).length;
  }

  restart(): void {
    this.server.kill();
    this.#earlierJobs.push(...this.server.jobs);
    for (const { client } of this.witnesses) client.disconnect();
    this.server = this.#start();
  }

  /** The store loses it. */
  async removeRecord(seq: number): Promise<void> {
    const batch = this.store.batch();
    batch.delete(recordKey(documentName, seq));
    await batch.write({ sync: true });
  }

  async until(holds: () => boolean): Promise<void> {
    for (let waitedMs = 0; !holds(); waitedMs += 10) {
      if (waitedMs > 600_000) throw new Error("it never came to it");
      await this.time.sleep(10);
    }
  }

  /** Resolves with what a client gets that has nothing. */
  async fresh(): Promise<Y.Doc> {
    const reader = this.add();
    reader.connect(this.server.services);
    await this.until(() => reader.isSettled);
    reader.disconnect();
    return reader.doc;
  }

  #start(): MortalServer {
    return new MortalServer({
      time: this.time,
      storage: this.#storage,
      relay: this.#relay,
      limits: this.#limits,
      latencyMs: () => this.random.int(this.maxLatencyMs + 1),
      newId: () => `id ${++this.#idCount}`,
      maxFrameBytes: 150,
    });
  }
}
