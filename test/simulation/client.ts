/** A person with a document: what both kinds of client share. The document outlives connections. */
import * as Y from "yjs";
import type { Random } from "../fixtures/random.js";
import type { DocumentLedger } from "./ledger.js";
import { Link } from "./link.js";
import type { Network } from "./network.js";
import type { Person } from "./people.js";
import { missingClock } from "./promises.js";
import { Process } from "./process.js";

export interface ClientParts {
  readonly name: string;
  readonly ledger: DocumentLedger;
  readonly network: Network;
  readonly random: Random;
  readonly clientId: number;
  readonly relay: "durable" | "immediate";
  readonly isCorrupting: boolean;
  /** Runs what needs a real timer for a moment. */
  readonly allowTimer: <Result>(run: () => Result) => Result;
  readonly person: Person;
  /** With its old document, of another session of the same browser. */
  readonly former?: FormerSession | undefined;
}

/** What a session leaves to the next one of the same browser. */
export interface FormerSession {
  readonly doc: Y.Doc;
  readonly hasStrayed: boolean;
}

/** Why a client will not come back, and whether it should. */
export interface Stop {
  readonly code: number;
  readonly reason: string;
}

export abstract class SimulatedClient {
  readonly name: string;
  readonly doc: Y.Doc;
  readonly ledger: DocumentLedger;
  readonly process: Process;
  /** Whether it wants to be connected. */
  isAway = false;
  /** Closed for good. */
  stopped: Stop | undefined;
  /** The last era in which it was told by the server what there is. */
  #knownEra = 0;
  readonly #initialClientId: number;
  readonly person: Person;
  /** It has edited what it may only read: its document is its own from then on. */
  hasStrayed: boolean;
  /** Its own, and those of former sessions with the same document. */
  readonly clientIds: ReadonlySet<number>;
  protected readonly parts: ClientParts;
  protected link: Link | undefined;
  /** What was promised when the present connection was made. */
  #floor: { readonly atMs: number; readonly clocks: ReadonlyMap<number, number> } | undefined;

  constructor(parts: ClientParts) {
    const { name, ledger, network, clientId, person, former } = parts;
    this.parts = parts;
    this.name = name;
    this.ledger = ledger;
    this.process = new Process(name, network.scheduler);
    this.person = person;
    this.hasStrayed = former?.hasStrayed ?? false;
    this.doc = former?.doc ?? new Y.Doc();
    this.#initialClientId = clientId;
    this.doc.clientID = clientId;
    this.clientIds = new Set([clientId, ...this.doc.store.clients.keys()]);
    if (person.access === "read") ledger.withhold(clientId, 0);
    this.doc.on("update", (_update: Uint8Array, _origin: unknown, _doc: Y.Doc, { local }: Y.Transaction) => {
      if (local && person.access === "read") this.hasStrayed = true;
    });
  }

  abstract readonly isSynced: boolean;
  /** Nothing is left to be done for it. */
  abstract readonly isSettled: boolean;
  abstract setCursor(position: number): void;
  /** Leaves for a while, with its document. */
  abstract leave(): void;
  abstract comeBack(): void;
  /** Ends this session in good order. */
  abstract close(): void;
  abstract describe(): string;

  /** It was never told of any generation, and would be if there was one. */
  abstract readonly isUnbound: boolean;

  /** And the server knows of it: a crash may not have been heard of yet. */
  get isConnected(): boolean {
    return this.isSynced && this.link?.transport !== undefined;
  }

  get isConnecting(): boolean {
    return this.link !== undefined && !this.link.isOver && !this.isSynced;
  }

  get isGone(): boolean {
    return !this.process.isAlive;
  }

  get nowMs(): number {
    return this.parts.network.scheduler.nowMs;
  }

  /** Its person may only read from now on: nothing that is not in its document yet may be seen by anybody. */
  demoted(): void {
    this.ledger.withhold(this.doc.clientID, Y.getState(this.doc.store, this.doc.clientID));
  }

  /** What it has typed meanwhile is everybody's after all. */
  promoted(): void {
    this.hasStrayed = false;
    for (const id of this.clientIds) this.ledger.release(id);
  }

  /** The device is gone, and says nothing any more. */
  vanish(): void {
    this.process.end();
    this.parts.network.bury(this.name);
  }

  protected violate(rule: string): void {
    this.parts.network.trace.violate(`${this.name}: ${rule}`);
  }

  /** A new connection. */
  protected connectTo(path: string, tap: (frame: Uint8Array) => void): Link {
    const { network, ledger } = this.parts;
    const link = new Link(network, { clientName: this.name, hostName: ledger.serverName, label: this.name, tap });
    this.link = link;
    const promised = new Map(ledger.promisedTo(ledger.eraKey).clocks);
    this.#floor = { atMs: this.nowMs, clocks: promised };
    network.connect(link, path);
    return link;
  }

  /** What was promised when this connection was made; nothing, when the document began anew since. */
  protected get floor(): ReadonlyMap<number, number> {
    const { ledger, isCorrupting } = this.parts;
    if (isCorrupting || !this.#floor || !ledger.isOfThisEra(this.#floor.atMs)) return new Map();
    return this.#floor.clocks;
  }

  /** It knows which generation its document is of: the server can tell it when that is over. */
  abstract readonly knowsGeneration: boolean;

  /** Its document is of the present era, for all that it was told. */
  get isUpToDate(): boolean {
    return !this.ledger.isChanging && !this.ledger.isDeleted && this.#knownEra === this.ledger.era;
  }

  protected heardAll(): void {
    if (this.isOfThisEra) this.#knownEra = this.ledger.era;
    const missing = missingClock(this.floor, Y.decodeStateVector(Y.encodeStateVector(this.doc)));
    if (missing !== undefined) this.violate(`was told synced too early: ${missing}`);
  }

  protected get isOfThisEra(): boolean {
    return this.#floor !== undefined && this.ledger.isOfThisEra(this.#floor.atMs);
  }

  /** After everything that was received. */
  protected assertSound(): void {
    const { doc } = this;
    if (doc.store.pendingStructs !== null || doc.store.pendingDs !== null)
      this.violate("something is missing that it was sent");
    if (doc.clientID !== this.#initialClientId) this.violate("it was sent edits of its own that it does not have");
    const withheld = this.ledger.withheldIn(doc, this.clientIds);
    if (withheld !== undefined) this.violate(`it was sent what may not be written: ${withheld}`);
  }

  /** Over a connection that was made since; what is still on its way over an older one is of the time before. */
  protected assertNothingBuried(): void {
    if (!this.isOfThisEra) return;
    for (const client of this.ledger.buried) {
      if (this.doc.store.clients.has(client)) this.violate(`content of client ${client} has come back from the dead`);
    }
  }
}
