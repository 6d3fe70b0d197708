/** A server in a hundred lines: one document, the real codec, faults on demand. For tests. */
import {
  access,
  ackLevel,
  closeCodes,
  decodeFrame,
  encodeFrame,
  type Have,
  type Message,
  type Open,
  type Update,
} from "@syncline/protocol";
import * as Y from "yjs";
import { FakeNetwork, type FakePeer, type FakeSocket } from "./fake-network.js";

interface Member {
  clientId: number;
  requestId: number;
  lastN: number;
  isOpen: boolean;
  /** After it heard that its access is below 2: how many frames it had sent by then that are still on their way. */
  framesAllowed: number;
}

interface OwedAck {
  readonly socket: FakeSocket;
  readonly n: number;
}

export const room = 7;

export class FakeServer implements FakePeer {
  readonly network = new FakeNetwork(this);
  /** In memory; everything in it was admitted. */
  doc = new Y.Doc();
  /** On disk: what a crash leaves. */
  disk = new Y.Doc();
  generation = "g1";
  /** Of the last entry on disk. */
  seq = 0;
  /** How far back the log reaches: who wants to resume from before that cannot. */
  logStart = 0;
  /** Entries after `logStart`; the first `seq - logStart` of them are on disk. */
  readonly log: Uint8Array[] = [];
  access: number = access.write;
  maxMessageBytes = 1_000_000;
  /** Whether updates are flushed and acknowledged at once, or on `flush()`. */
  isAutomatic = true;
  sendsReceived = false;
  /** Why nothing can be written to disk: the document is read-only. */
  #storeFailure: string | undefined;
  /** Updates of clients that knew that they may send none. */
  forbiddenCount = 0;
  /** While the document is being loaded, an open is not answered. */
  isLoading = false;
  refusal: { readonly code: number; readonly reason: string } | undefined;
  rejection: { readonly code: number; readonly reason: string } | undefined;
  /** Which updates `rejection` is for. */
  isRejected: (update: Uint8Array, doc: Y.Doc) => boolean = () => true;
  /** Added to the clock of acks: negative makes the server lie. */
  clockError = 0;
  readonly received: Message[] = [];
  readonly #members = new Map<FakeSocket, Member>();
  #owed: OwedAck[] = [];

  /** Messages of one type a client sent, oldest first. */
  sent<Type extends Message["type"]>(type: Type): Extract<Message, { type: Type }>[] {
    return this.received.filter((message) => message.type === type) as Extract<Message, { type: Type }>[];
  }

  onConnect(): void {}

  onDisconnect(socket: FakeSocket): void {
    this.#members.delete(socket);
    this.#owed = this.#owed.filter((ack) => ack.socket !== socket);
  }

  onFrame(socket: FakeSocket, frame: Uint8Array): void {
    const member = this.#members.get(socket);
    const isAllowed = !member || member.framesAllowed-- > 0;
    for (const message of decodeFrame(frame)) {
      this.received.push(message);
      if (message.type === "update" && !isAllowed) this.forbiddenCount += 1;
      this.#receive(socket, message);
    }
  }

  /** An edit by someone else. */
  edit(change: (text: Y.Text) => void): void {
    const before = Y.encodeStateVector(this.doc);
    change(this.doc.getText("t"));
    const update = Y.encodeStateAsUpdate(this.doc, before);
    // On disk at once, before what was received and is not.
    Y.applyUpdate(this.disk, update);
    this.log.splice(this.seq - this.logStart, 0, update);
    this.seq += 1;
    this.broadcast({ type: "update", room, n: this.seq, update });
  }

  /** Makes a snapshot of everything: the log starts anew. */
  compact(): void {
    this.log.splice(0, this.seq - this.logStart);
    this.logStart = this.seq;
  }

  broadcast(message: Message): void {
    for (const [socket, member] of this.#members) if (member.isOpen) this.send(socket, message);
  }

  send(socket: FakeSocket, ...messages: Message[]): void {
    const frame = encodeFrame(messages);
    const data = frame.buffer.slice(frame.byteOffset, frame.byteOffset + frame.byteLength);
    socket.deliver(data, () => messages.forEach((message) => this.#onArrival(socket, message)));
  }

  /** From now on nothing can be written to disk. */
  failStore(reason: string): void {
    this.#storeFailure = reason;
    for (const [socket, { isOpen }] of this.#members) if (isOpen) this.#sendAccess(socket, access.read, reason);
  }

  /** The disk is back: says so, but asks nobody for edits yet. */
  announceStore(): void {
    for (const [socket, { isOpen }] of this.#members) if (isOpen) this.#sendAccess(socket, this.access, "");
  }

  /** Writes what was received meanwhile, and asks every client for the rest. */
  restoreStore(): void {
    this.#storeFailure = undefined;
    this.flush();
    for (const [socket, { isOpen }] of this.#members) if (isOpen) this.sendOpened(socket);
  }

  /** Writes everything to disk and says so. */
  flush(): void {
    if (this.#storeFailure !== undefined) return;
    Y.applyUpdate(this.disk, Y.encodeStateAsUpdate(this.doc));
    this.seq = this.logStart + this.log.length;
    for (const { socket, n } of this.#owed.splice(0)) this.#ack(socket, n, ackLevel.durable);
  }

  /** Loses what is not on disk, and every connection. */
  crash(): void {
    this.network.cut();
    this.doc = new Y.Doc();
    Y.applyUpdate(this.doc, Y.encodeStateAsUpdate(this.disk));
    this.log.length = this.seq - this.logStart;
  }

  #receive(socket: FakeSocket, message: Message): void {
    const member = this.#members.get(socket);
    switch (message.type) {
      case "hello":
        return this.#welcome(socket);
      case "open":
        if (this.isLoading) return;
        this.#members.set(socket, { ...message, lastN: 0, isOpen: true, framesAllowed: Infinity });
        return this.#open(socket, message);
      case "update":
        return member?.isOpen ? this.#update(socket, member, message) : undefined;
      case "close":
        if (member) member.isOpen = false;
        this.#owed = this.#owed.filter((ack) => ack.socket !== socket);
        return;
      case "ping":
        return this.send(socket, { type: "pong", n: message.n });
    }
  }

  #welcome(socket: FakeSocket): void {
    const { maxMessageBytes } = this;
    this.send(socket, {
      type: "welcome",
      version: 1,
      connectionId: "c",
      heartbeatMs: 15_000,
      maxMessageBytes,
      server: "fake",
    });
  }

  #open(socket: FakeSocket, { requestId, generation, have }: Open): void {
    const refusal = this.refusal ?? this.#refusalOf(generation, have);
    if (refusal) return this.send(socket, { type: "refused", requestId, ...refusal });
    this.sendOpened(socket, requestId, have.kind === "resume");
    if (this.#storeFailure !== undefined) this.#sendAccess(socket, access.read, this.#storeFailure);
    if (have.kind === "resume") {
      for (const update of this.log.slice(have.seq - this.logStart)) {
        this.send(socket, { type: "update", room, n: this.seq, update });
      }
    } else if (this.doc.store.clients.size > 0) {
      const update = Y.encodeStateAsUpdate(this.doc, have.stateVector);
      this.send(socket, { type: "update", room, n: this.seq, update });
    }
    this.send(socket, { type: "synced", room, seq: this.seq });
  }

  #refusalOf(generation: string, have: Have): { readonly code: number; readonly reason: string } | undefined {
    if (generation !== "" && generation !== this.generation) {
      return { code: closeCodes.generationMismatch, reason: "another generation" };
    }
    if (have.kind !== "resume" || (have.seq >= this.logStart && have.seq <= this.seq)) return undefined;
    return { code: closeCodes.cannotResume, reason: "the log starts later" };
  }

  sendOpened(socket: FakeSocket, requestId = this.#members.get(socket)?.requestId ?? 0, isResumed = false): void {
    const stateVector = isResumed ? new Uint8Array() : Y.encodeStateVector(this.doc);
    const { generation, seq } = this;
    const granted = this.#storeFailure === undefined ? this.access : access.read;
    this.send(socket, { type: "opened", requestId, room, access: granted, generation, seq, stateVector });
  }

  #sendAccess(socket: FakeSocket, granted: number, reason: string): void {
    this.send(socket, { type: "access", room, access: granted, reason, roots: "" });
  }

  /** Only an `opened` with access 2 makes a client send again. */
  #onArrival(socket: FakeSocket, message: Message): void {
    const member = this.#members.get(socket);
    if (!member || (message.type !== "opened" && message.type !== "access")) return;
    if (message.access !== access.write) member.framesAllowed = Math.min(member.framesAllowed, socket.up.length);
    else if (message.type === "opened") member.framesAllowed = Infinity;
  }

  #update(socket: FakeSocket, member: Member, { n, update }: Update): void {
    if (n !== member.lastN + 1) return socket.end(closeCodes.gap, `${n} after ${member.lastN}`);
    member.lastN = n;
    const forbidden = this.access < 2 ? { code: 4403, reason: "read only" } : undefined;
    const rejection = this.isRejected(update, this.doc) ? (this.rejection ?? forbidden) : forbidden;
    if (rejection) return this.send(socket, { type: "reject", room, n, ...rejection });
    if (this.#leansOnMissing(update)) return this.sendOpened(socket, member.requestId);
    Y.applyUpdate(this.doc, update);
    this.log.push(update);
    for (const [other, { isOpen }] of this.#members) {
      if (other !== socket && isOpen) this.send(other, { type: "update", room, n: this.seq, update });
    }
    if (this.sendsReceived) this.#ack(socket, n, ackLevel.received);
    this.#owed.push({ socket, n });
    if (this.isAutomatic) this.flush();
  }

  #leansOnMissing(update: Uint8Array): boolean {
    return Array.from(Y.parseUpdateMeta(update).from).some(
      ([clientId, clock]) => clock > Y.getState(this.doc.store, clientId),
    );
  }

  #ack(socket: FakeSocket, n: number, level: number): void {
    const member = this.#members.get(socket);
    if (!member) return;
    const clock = Math.max(0, Y.getState(this.doc.store, member.clientId) + this.clockError);
    this.send(socket, { type: "ack", room, n, clock, level, seq: this.seq });
  }
}

/** Whether all that an update changes is that it deletes: no clock tells of it. */
export function onlyDeletes(update: Uint8Array, whole: Y.Doc): boolean {
  const part = new Y.Doc();
  Y.applyUpdate(part, Y.encodeStateAsUpdate(whole));
  Y.applyUpdate(part, update);
  return Y.parseUpdateMeta(update).to.size === 0 && !containsAll(whole, part);
}

/** Whether `whole` holds every insertion and deletion of `part`. */
export function containsAll(whole: Y.Doc, part: Y.Doc): boolean {
  const merged = new Y.Doc();
  Y.applyUpdate(merged, Y.encodeStateAsUpdate(whole));
  Y.applyUpdate(merged, Y.encodeStateAsUpdate(part));
  return Y.equalSnapshots(Y.snapshot(merged), Y.snapshot(whole));
}
