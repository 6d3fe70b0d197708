/** What happens in a world: people edit, leave and return, machines fail, somebody deletes a document. The seed decides when. */
import type { Random } from "../fixtures/random.js";
import { changeDocument, demote, exportDocument, promote, repairDocument } from "./administration.js";
import { between, streamOf, weighted } from "./chance.js";
import type { SimulatedClient } from "./client.js";
import type { Action } from "./config.js";
import { soundDisk } from "./disk.js";
import { burst, edit, paste } from "./edits.js";
import { assertNothingLost } from "./invariants.js";
import type { Direction } from "./link.js";
import type { SimulatedServer } from "./server.js";
import type { World } from "./world.js";

const maxClients = 12;
/** A document with more of them would take longer than it tells. */
const maxPastes = 3;

export class Workload {
  readonly #world: World;
  readonly #random: Random;
  #left: number;
  #pasteCount = 0;
  /** Faults come no more. */
  isOver = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = streamOf(world.config.seed, "workload");
    this.#left = world.config.actionCount;
  }

  begin(): void {
    const { config, scheduler } = this.#world;
    if (this.#left === 0) {
      this.isOver = true;
      return;
    }
    this.#left -= 1;
    scheduler.after(between(this.#random, 0, 2 * config.pauseMs), "", () => {
      const action = weighted(this.#random, config.weights);
      this.#actions[action]();
      this.begin();
    });
  }

  readonly #actions: Readonly<Record<Action, () => void>> = {
    edit: () => this.#withClient("edits", (client) => edit(client.doc, this.#random)),
    burst: () => this.#withClient("edits much", (client) => burst(client.doc, this.#random)),
    paste: () => {
      if ((this.#pasteCount += 1) <= maxPastes) this.#withClient("pastes", ({ doc }) => paste(doc, this.#random));
    },
    presence: () => this.#withClient("moves the cursor", (client) => client.setCursor(this.#random.int(100))),
    arrive: () => this.#arrive(),
    leave: () => this.#withClient("leaves", (client) => client.leave()),
    return: () => this.#return(),
    reload: () => this.#withClient("reloads", (client) => this.#reload(client)),
    vanish: () => this.#withClient("vanishes", (client) => client.vanish()),
    cut: () => this.#withMachine("is cut off", (name) => this.#world.network.cut(name)),
    silence: () => this.#silence(),
    slow: () => this.#slow(),
    crash: () => this.#withServer("crashes", (server) => this.#crash(server)),
    restart: () => this.#withServer("restarts", (server) => this.#restart(server)),
    "refusing disk": () => this.#breakDisk({ refusal: this.#random.pick([0.3, 1]) }),
    "failing reads": () => this.#breakDisk({ readError: this.#random.pick([0.1, 0.6]) }),
    "stalling disk": () => this.#breakDisk({ stall: this.#random.pick([0.05, 0.4]) }),
    "dying workers": () => this.#killWorkers(),
    delete: () => changeDocument(this.#world, this.#random.pick(this.#world.ledgers), "delete"),
    recreate: () => this.#recreate(),
    import: () => changeDocument(this.#world, this.#random.pick(this.#world.ledgers), "import"),
    repair: () => repairDocument(this.#world, this.#random.pick(this.#world.ledgers)),
    export: () => exportDocument(this.#world, this.#random.pick(this.#world.ledgers)),
    demote: () => this.#demote(),
    promote: () => this.#promote(),
    "flip a bit": () => this.#withServer("has a bit flipped", ({ disk }) => this.#note(disk.flipBit() ?? "nothing")),
  };

  #note(text: string): void {
    this.#world.scheduler.note(text);
  }

  #later(delayMs: number, run: () => void): void {
    this.#world.scheduler.after(delayMs, "", () => {
      if (!this.isOver) run();
    });
  }

  #withClient(what: string, run: (client: SimulatedClient) => void): void {
    const { active } = this.#world;
    if (active.length === 0) return;
    const client = this.#random.pick(active);
    this.#note(`${client.name} ${what}`);
    run(client);
  }

  #withServer(what: string, run: (server: SimulatedServer) => void): void {
    const server = this.#random.pick(this.#world.servers);
    this.#note(`${server.name} ${what}`);
    run(server);
  }

  #withMachine(what: string, run: (name: string) => void): void {
    if (this.#random.chance(0.25)) return this.#withServer(what, ({ name }) => run(name));
    this.#withClient(what, ({ name }) => run(name));
  }

  #arrive(): void {
    const { active, ledgers } = this.#world;
    if (active.length >= maxClients) return;
    const client = this.#world.arrive(this.#random.pick(ledgers));
    this.#note(`${client.name} arrives`);
  }

  #return(): void {
    const away = this.#world.active.filter(({ isAway }) => isAway);
    if (away.length === 0) return;
    const client = this.#random.pick(away);
    this.#note(`${client.name} returns`);
    client.comeBack();
  }

  /** A new session with the old document: only while that is of the document's present era. */
  #reload(client: SimulatedClient): void {
    const { ledger, person } = client;
    if (this.#random.chance(0.5)) this.#world.network.cut(client.name);
    client.close();
    this.#world.arrive(ledger, { person, former: client.isUpToDate ? client : undefined });
  }

  #silence(): void {
    const directions = this.#random.pick<readonly Direction[]>([["up"], ["down"], ["up", "down"]]);
    this.#withMachine(`falls silent (${directions.join(", ")})`, (name) => {
      this.#world.network.silence(name, directions);
      this.#later(between(this.#random, 200, 40_000), () => this.#world.network.heal(name));
    });
  }

  #slow(): void {
    this.#withClient("reads slowly", ({ name }) => {
      const line = { minDelayMs: 20, maxDelayMs: 300, bytesPerMs: between(this.#random, 0.3, 20) };
      this.#world.network.setLine(name, line);
      this.#later(between(this.#random, 2_000, 40_000), () => this.#world.network.setLine(name, undefined));
    });
  }

  #crash(server: SimulatedServer): void {
    if (server.isOff) return;
    this.#world.trace.count("crashes");
    server.crash({ isPowerCut: this.#random.chance(0.7), isSilent: this.#random.chance(0.3) });
    void assertNothingLost(this.#world, server, "after a crash").then(() => this.#startLater(server));
  }

  #restart(server: SimulatedServer): void {
    if (!server.engine) return;
    this.#world.trace.count("restarts");
    void server.stop().then(async () => {
      await assertNothingLost(this.#world, server, "after a restart");
      this.#startLater(server);
    });
  }

  #startLater(server: SimulatedServer): void {
    this.#world.scheduler.after(between(this.#random, 10, 4_000), `${server.name} starts`, () => server.start());
  }

  #breakDisk(faults: Partial<typeof soundDisk>): void {
    this.#withServer(`has a disk with ${JSON.stringify(faults)}`, ({ disk }) => {
      const { isLying } = disk.faults;
      Object.assign(disk.faults, faults);
      this.#later(between(this.#random, 50, 15_000), () => Object.assign(disk.faults, soundDisk, { isLying }));
    });
  }

  #killWorkers(): void {
    this.#withServer("has dying workers", (server) => {
      server.workerFailure = 0.6;
      this.#later(between(this.#random, 100, 5_000), () => (server.workerFailure = 0));
    });
  }

  #demote(): void {
    const writers = this.#world.active.filter(({ person }) => person.access === "write");
    if (writers.length > 0) demote(this.#world, this.#random.pick(writers).person);
  }

  #promote(): void {
    const demoted = this.#world.active.filter(({ person }) => person.access === "read" && !person.isReader);
    if (demoted.length > 0) promote(this.#world, this.#random.pick(demoted).person);
  }

  #recreate(): void {
    const deleted = this.#world.ledgers.filter(({ isDeleted }) => isDeleted);
    if (deleted.length > 0) changeDocument(this.#world, this.#random.pick(deleted), "recreate");
  }
}
