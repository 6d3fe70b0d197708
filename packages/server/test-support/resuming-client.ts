/**
 * A client of the syncline dialect that does by itself what docs/PROTOCOL.md says a client may do, no more: it claims what it was
 * sent, resumes from there, and sends again what was not acknowledged. For tests.
 */
import {
  ackLevel,
  closeCodes,
  decodeFrame,
  encodeFrame,
  protocolVersion,
  synclinePath,
  type Ack,
  type Have,
  type Message,
  type Opened,
} from "@syncline/protocol";
import * as Y from "yjs";
import { connect } from "../src/connection/connect.js";
import type { ConnectionServices } from "../src/connection/services.js";
import type { Connection } from "../src/connection/transport.js";
import { PipedTransport } from "./piped-transport.js";
import type { VirtualTime } from "./virtual-time.js";

export interface Claim {
  readonly generation: string;
  readonly seq: number;
}

interface Opening {
  readonly transport: PipedTransport;
  readonly connection: Connection;
  readonly resumesFrom: Claim | undefined;
  room: number | undefined;
  generation: string;
  /** What it is sent counts: it has everything before that. */
  isComplete: boolean;
  isSynced: boolean;
  lastN: number;
}

export interface ResumingClientOptions {
  readonly time: VirtualTime;
  readonly documentName: string;
  readonly clientId: number;
  readonly latencyMs: () => number;
  /** It claims to have everything up to there. */
  readonly claimed: (claim: Claim) => void;
}

export class ResumingClient {
  readonly doc = new Y.Doc();
  readonly #options: ResumingClientOptions;
  #opening: Opening | undefined;
  #generation = "";
  #claim: Claim | undefined;
  /** Not durable yet, as far as it knows. `n`: in this opening. */
  #unacked: { n: number; readonly update: Uint8Array }[] = [];
  readonly refusals: number[] = [];
  resumeCount = 0;

  constructor(options: ResumingClientOptions) {
    this.#options = options;
    this.doc.clientID = options.clientId;
    this.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin === this) return;
      this.#unacked.push({ n: 0, update });
      if (this.#opening?.room !== undefined) this.#submit();
    });
  }

  get claim(): Claim | undefined {
    return this.#claim;
  }

  /** Bytes that it was sent on this connection. */
  get receivedBytes(): number {
    return this.#opening?.transport.sentBytes ?? 0;
  }

  get isConnected(): boolean {
    return this.#opening !== undefined;
  }

  /** It has what there was, and what it wrote is durable. */
  get isSettled(): boolean {
    return this.#opening?.isSynced === true && this.#unacked.length === 0;
  }

  get transport(): PipedTransport | undefined {
    return this.#opening?.transport;
  }

  connect(services: ConnectionServices, how: "resume" | "state-vector" = "resume"): void {
    const { time, latencyMs } = this.#options;
    const transport: PipedTransport = new PipedTransport(time, latencyMs, {
      received: (frame) => {
        if (this.#opening?.transport === transport) this.#receive(frame);
      },
      closed: () => {
        if (this.#opening?.transport !== transport) return;
        this.#opening = undefined;
        connection.closed();
      },
    });
    const connection = connect(transport, synclinePath, services);
    const resumesFrom = how === "resume" ? this.#claim : undefined;
    this.#opening = {
      transport,
      connection,
      resumesFrom,
      room: undefined,
      generation: "",
      isComplete: false,
      isSynced: false,
      lastN: 0,
    };
    this.#say({ type: "hello", version: protocolVersion, token: "", client: "test" });
    this.#open(resumesFrom);
  }

  disconnect(): void {
    this.#opening?.transport.break();
  }

  #open(resumesFrom: Claim | undefined): void {
    const { documentName, clientId } = this.#options;
    const have: Have = resumesFrom
      ? { kind: "resume", seq: resumesFrom.seq }
      : { kind: "state-vector", stateVector: Y.encodeStateVector(this.doc) };
    const generation = resumesFrom?.generation ?? this.#generation;
    this.#say({ type: "open", requestId: 1, documentName, token: "", clientId, generation, have });
  }

  /** Takes its time to arrive; what is on the way when the line breaks is lost. */
  #say(message: Message): void {
    const opening = this.#opening;
    if (!opening) return;
    const frame = encodeFrame([message]);
    this.#options.time.after(5, () => {
      if (!opening.transport.isClosed) opening.connection.receive(frame);
    });
  }

  #submit(): void {
    const opening = this.#opening;
    if (opening?.room === undefined) return;
    for (const item of this.#unacked) {
      if (item.n > 0) continue;
      item.n = opening.lastN += 1;
      this.#say({ type: "update", room: opening.room, n: item.n, update: item.update });
    }
  }

  #receive(frame: Uint8Array): void {
    for (const message of decodeFrame(frame)) this.#handle(message);
  }

  #claims(seq: number): void {
    const opening = this.#opening;
    if (!opening?.isComplete || seq === 0) return;
    const { generation } = opening;
    if (this.#claim?.generation === generation && this.#claim.seq >= seq) return;
    this.#claim = { generation, seq };
    this.#options.claimed(this.#claim);
  }

  #handle(message: Message): void {
    const opening = this.#opening;
    if (!opening) return;
    switch (message.type) {
      case "opened":
        return this.#opened(message, opening);
      case "refused":
        return this.#refused(message.code, opening);
      case "update":
        Y.applyUpdate(this.doc, message.update, this);
        return this.#claims(message.n);
      case "synced":
        opening.isComplete = opening.isSynced = true;
        if (message.seq > 0) this.#generation = opening.generation;
        return this.#claims(message.seq);
      case "ack":
        return this.#acked(message);
      case "close":
        return opening.transport.break();
      default:
        return undefined;
    }
  }

  #opened({ room, generation, seq, stateVector }: Opened, opening: Opening): void {
    opening.room = room;
    opening.generation = generation;
    if (seq > 0) this.#generation = generation;
    const isResumed = stateVector.length === 0;
    if (isResumed && (!opening.resumesFrom || opening.isComplete)) throw new Error("nobody asked to resume");
    if (isResumed) {
      this.resumeCount += 1;
      opening.isComplete = true;
      for (const item of this.#unacked) item.n = 0;
    } else {
      // The answer holds whatever was not acknowledged, and more.
      this.#unacked = this.#unacked.filter(({ n }) => opening.lastN > 0 && n > 0);
      const update = Y.encodeStateAsUpdate(this.doc, stateVector);
      // An empty document has no answer.
      if (this.doc.store.clients.size > 0) this.#unacked.push({ n: 0, update });
    }
    this.#submit();
  }

  #refused(code: number, opening: Opening): void {
    this.refusals.push(code);
    if (code !== closeCodes.cannotResume || !opening.resumesFrom) return opening.transport.break();
    this.#opening = { ...opening, resumesFrom: undefined };
    this.#open(undefined);
  }

  #acked({ n, level, seq }: Ack): void {
    if (level < ackLevel.durable) return;
    this.#generation = this.#opening?.generation ?? "";
    this.#unacked = this.#unacked.filter((item) => item.n === 0 || item.n > n);
    this.#claims(seq);
  }
}
