/** Machines, disks, lines and people, and how they are made. Knows what there is, not what happens. */
import type { Random } from "../fixtures/random.js";
import { between, streamOf } from "./chance.js";
import type { FormerSession, SimulatedClient } from "./client.js";
import type { WorldConfig } from "./config.js";
import { SimulatedDisk } from "./disk.js";
import { DocumentLedger } from "./ledger.js";
import { Network } from "./network.js";
import { People, type Person } from "./people.js";
import { Scheduler } from "./scheduler.js";
import { SimulatedServer } from "./server.js";
import { StockClient } from "./stock-client.js";
import { SynclineClient } from "./syncline-client.js";
import type { Trace } from "./trace.js";

export interface WorldOptions {
  readonly config: WorldConfig;
  readonly trace: Trace;
  readonly allowTimer: <Result>(run: () => Result) => Result;
}

/** Who comes; what is left out is for chance. */
export interface Arrival {
  readonly kind?: "syncline" | "stock";
  readonly person?: Person;
  readonly former?: FormerSession | undefined;
}

export class World {
  readonly config: WorldConfig;
  readonly trace: Trace;
  readonly scheduler: Scheduler;
  readonly network: Network;
  readonly servers: SimulatedServer[] = [];
  readonly ledgers: DocumentLedger[] = [];
  readonly clients: SimulatedClient[] = [];
  readonly #allowTimer: WorldOptions["allowTimer"];
  readonly #random: Random;
  readonly #people: People;
  readonly #clientIds = new Set<number>();

  constructor({ config, trace, allowTimer }: WorldOptions) {
    const { seed } = config;
    this.config = config;
    this.trace = trace;
    this.#allowTimer = allowTimer;
    this.#random = streamOf(seed, "world");
    this.#people = new People(config.people, streamOf(seed, "who comes"));
    this.scheduler = new Scheduler(streamOf(seed, "scheduler"), trace);
    this.network = new Network({ scheduler: this.scheduler, random: streamOf(seed, "network"), trace });
    for (let n = 1; n <= config.serverCount; n++) this.#addServer(`server${n}`);
    for (let n = 1; n <= config.documentCount; n++) {
      this.ledgers.push(new DocumentLedger(this.#random.pick(this.servers).name, `document ${n}`));
    }
    for (let n = 1; n <= config.clientCount; n++) this.arrive(this.#random.pick(this.ledgers));
  }

  /** Those who are there, and have not been told to stay away. */
  get active(): SimulatedClient[] {
    return this.clients.filter((client) => !client.isGone && client.stopped === undefined);
  }

  clientsOf(ledger: DocumentLedger): SimulatedClient[] {
    return this.clients.filter((client) => client.ledger === ledger && !client.isGone);
  }

  serverOf(ledger: DocumentLedger): SimulatedServer {
    return this.servers.find(({ name }) => name === ledger.serverName) as SimulatedServer;
  }

  ledgersOf(server: SimulatedServer): DocumentLedger[] {
    return this.ledgers.filter(({ serverName }) => serverName === server.name);
  }

  /** Somebody opens a document: with nothing, or with what a former session left. */
  arrive(ledger: DocumentLedger, { kind, former, ...arrival }: Arrival = {}): SimulatedClient {
    const { config, network } = this;
    const name = `client${this.clients.length + 1}`;
    const person = arrival.person ?? this.#people.newPerson(name);
    const wantsStock = kind === undefined ? this.#random.chance(0.4) : kind === "stock";
    // See eras.ts: of these none may come now.
    const isStock = wantsStock && (ledger.change === undefined || ledger.change.kind === "delete");
    const Client = isStock ? StockClient : SynclineClient;
    const client = new Client({
      name,
      ledger,
      network,
      random: streamOf(config.seed, `client ${this.clients.length}`),
      clientId: this.newClientId(),
      relay: config.server.relay,
      isCorrupting: config.server.isCorrupting,
      allowTimer: this.#allowTimer,
      person,
      former,
    });
    this.clients.push(client);
    return client;
  }

  #addServer(name: string): void {
    const { config, scheduler, trace, network } = this;
    const disk = new SimulatedDisk(`${name} disk`, { scheduler, random: streamOf(config.seed, `${name} disk`), trace });
    disk.faults.isLying = config.server.sabotage === "lying disk";
    const random = streamOf(config.seed, name);
    const server = new SimulatedServer({ name, config: config.server, network, disk, people: this.#people, random });
    this.servers.push(server);
    scheduler.after(between(random, 0, 20), `${name} starts`, () => server.start());
  }

  newClientId(): number {
    let id = this.#random.int(2 ** 32);
    while (this.#clientIds.has(id)) id = this.#random.int(2 ** 32);
    this.#clientIds.add(id);
    return id;
  }
}
