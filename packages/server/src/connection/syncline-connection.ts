/**
 * A client of the syncline dialect: hello first, then any number of documents on one socket. docs/PROTOCOL.md is the
 * specification; this file says who may send what when, a document's messages go to its membership.
 */
import {
  closeCodes,
  decodeFrame,
  encodeFrame,
  maxHelloBytes,
  protocolVersion,
  type CloseCode,
  type Hello,
  type Message,
  type Open,
  ProtocolError,
} from "@syncline/protocol";
import { DocumentDeleted } from "../room/deleted.js";
import type { Room } from "../room/room.js";
import { grantFor, type Grant } from "./authorize.js";
import { Decision } from "./decision.js";
import { closeFor } from "./close-for.js";
import { ConnectionToken } from "./connection-token.js";
import { Liveness } from "./liveness.js";
import { PacedReading } from "./paced-reading.js";
import { namesIn, principalOf } from "./principal.js";
import { refusalAtDoor, refusalOf } from "./refusal.js";
import type { ConnectionServices } from "./services.js";
import { SynclineMembership } from "./syncline-membership.js";
import type { Connection, Transport } from "./transport.js";

type ConnectionState =
  | { readonly kind: "awaiting-hello"; readonly cancelTimeout: () => void }
  | { readonly kind: "open" }
  | { readonly kind: "closed" };

/** An open, and which of the connection's it is: a later one of the same document replaces it. */
interface Asked {
  readonly open: Open;
  readonly order: number;
}

export class SynclineConnection implements Connection {
  readonly #transport: Transport;
  readonly #services: ConnectionServices;
  readonly #liveness: Liveness;
  /** By the server's number for the room. */
  readonly #memberships = new Map<number, SynclineMembership>();
  readonly #token: ConnectionToken;
  readonly #pace: PacedReading;
  /**
   * Who answers for what belongs to no document: who first opened one, for tokens of one socket are one person's. `undefined`
   * before that.
   */
  #principal: string | undefined;
  /** Documents that are being loaded for this client. */
  #openingCount = 0;
  /** Opens so far. */
  #openCount = 0;
  #pingCount = 0;
  #state: ConnectionState;

  constructor(transport: Transport, services: ConnectionServices) {
    this.#transport = transport;
    this.#services = services;
    this.#liveness = new Liveness(transport, services.heartbeatMs);
    this.#pace = new PacedReading(transport, services);
    this.#token = new ConnectionToken({
      ask: (expiresInMs) => this.#send([{ type: "token", token: "", expiresInMs: Math.ceil(expiresInMs) }]),
      renew: () => this.#renewAll(),
    });
    const cancelTimeout = services.timers.after(services.helloTimeoutMs, () =>
      // Not for good: the line may have been slow.
      this.#close(
        closeCodes.tooSlow,
        `no hello within ${services.helloTimeoutMs / 1000} s; come back and begin with it`,
      ),
    );
    this.#state = { kind: "awaiting-hello", cancelTimeout };
  }

  receive(frame: Uint8Array): void {
    if (this.#state.kind === "closed") return;
    try {
      if (this.#state.kind === "awaiting-hello" && frame.length > maxHelloBytes) {
        throw new ProtocolError("unexpected-message", `the hello is above ${maxHelloBytes} bytes`);
      }
      for (const message of decodeFrame(frame)) this.#handle(message);
    } catch (thrown) {
      const { code, reason } = closeFor(thrown, this.#principal, this.#services);
      this.#close(code, reason);
    }
  }

  closed(): void {
    if (this.#state.kind === "awaiting-hello") this.#state.cancelTimeout();
    this.#state = { kind: "closed" };
    this.#pace.end();
    for (const roomNumber of [...this.#memberships.keys()]) this.#leave(roomNumber);
  }

  tick(nowMs: number): void {
    this.#liveness.tick(nowMs, () => this.#send([{ type: "ping", n: ++this.#pingCount }]));
  }

  goAway(reconnectAfterMs: number, reason: string): void {
    // Before its hello was answered a client expects nothing else.
    if (this.#state.kind === "open") this.#send([{ type: "goaway", reconnectAfterMs, reason }]);
  }

  #handle(message: Message): void {
    if (this.#state.kind === "closed") return;
    if (this.#state.kind === "awaiting-hello") return this.#greet(message);
    switch (message.type) {
      case "open":
        return void this.#open(message);
      case "update":
        // A membership may have ended while messages for it were on their way.
        return this.#memberships.get(message.room)?.receive(message.update, message.n);
      case "awareness":
        return this.#memberships.get(message.room)?.announce(message.update);
      case "event":
        return this.#memberships.get(message.room)?.broadcast(message);
      case "token":
        return void this.#token.replace(message.token);
      case "close":
        return this.#leave(message.room);
      case "ping":
        return this.#send([{ type: "pong", n: message.n }]);
      case "pong":
        return;
      default:
        throw new ProtocolError("unexpected-message", `a client may not send ${message.type} now`);
    }
  }

  #greet(message: Message): void {
    if (message.type !== "hello" || this.#state.kind !== "awaiting-hello") {
      throw new ProtocolError("unexpected-message", `the first message must be hello, not ${message.type}`);
    }
    this.#state.cancelTimeout();
    this.#assertVersion(message);
    this.#state = { kind: "open" };
    this.#token.set(message.token);
    const { heartbeatMs, maxMessageBytes, serverName, newConnectionId } = this.#services;
    const connectionId = newConnectionId();
    this.#services.logger.debug({ connectionId, client: message.client }, "a client said hello");
    this.#send([
      {
        type: "welcome",
        version: protocolVersion,
        connectionId,
        heartbeatMs,
        maxMessageBytes,
        server: serverName,
      },
    ]);
  }

  #assertVersion({ version }: Hello): void {
    if (version === protocolVersion) return;
    const reason = `this server speaks version ${protocolVersion} of the syncline dialect, the client ${version}`;
    throw new ProtocolError("unexpected-message", reason);
  }

  async #open(open: Open): Promise<void> {
    this.#openingCount += 1;
    try {
      await this.#join({ open, order: ++this.#openCount });
    } catch (thrown) {
      this.#refuseFor(open, thrown);
    } finally {
      this.#openingCount -= 1;
    }
  }

  async #join(asked: Asked): Promise<void> {
    const { open } = asked;
    const { rooms, grants, maxRoomsPerConnection } = this.#services;
    if (this.#memberships.size + this.#openingCount > maxRoomsPerConnection) {
      const reason = `at most ${maxRoomsPerConnection} documents a connection; close one, or open another connection`;
      this.#services.refusals.note("capacity", reason);
      return this.#refuse(open, closeCodes.rateLimited, reason);
    }
    const token = open.token || this.#token.value;
    const decision = new Decision(grants, () => this.#authorize(open.documentName, token));
    await decision.make();
    if (this.#isClosed) return;
    this.#transport.welcomed();
    const room = await rooms.open(open.documentName);
    try {
      while (!decision.isCurrent) await decision.make();
    } catch (thrown) {
      rooms.release(room);
      throw thrown;
    }
    const membership = this.#membershipIn(room, asked, decision.grant);
    if (!membership) return rooms.release(room);
    this.#memberships.set(room.number, membership);
    this.#principal ??= principalOf(namesIn(decision.grant), this.#transport.peer.address);
    membership.begin();
    // Replaced while the document was being loaded.
    if (open.token === "" && token !== this.#token.value) await this.#renew(membership);
  }

  #authorize(documentName: string, token: string): Promise<Grant> {
    return grantFor({ token, documentName, dialect: "syncline", request: this.#transport.peer }, this.#services);
  }

  async #renewAll(): Promise<void> {
    const memberships = [...this.#memberships.values()].filter(({ usesConnectionToken }) => usesConnectionToken);
    await Promise.all(memberships.map((membership) => this.#renew(membership)));
  }

  async #renew(membership: SynclineMembership): Promise<void> {
    const token = membership.ownToken || this.#token.value;
    const isReplaced = () => token !== (membership.ownToken || this.#token.value);
    try {
      const grant = await this.#authorize(membership.documentName, token);
      if (!isReplaced()) membership.renew(grant);
    } catch (thrown) {
      if (isReplaced()) return;
      const { code, reason } = closeFor(thrown, this.#principal, this.#services);
      membership.dismiss(code, reason);
    }
  }

  /** `undefined` when the client cannot have the room; if it is still there it was told why. */
  #membershipIn(room: Room, { open, order }: Asked, grant: Grant): SynclineMembership | undefined {
    this.#principal ??= principalOf(namesIn(grant), this.#transport.peer.address);
    if (this.#isRefused(room, open)) return undefined;
    const former = this.#memberships.get(room.number);
    // The client has asked again since, and waits for that answer.
    if (former && former.order > order) return undefined;
    if (former) this.#leave(room.number);
    try {
      return new SynclineMembership(room, open, {
        transport: this.#transport,
        services: this.#services,
        pace: this.#pace,
        grant,
        order,
        recheck: (membership) => this.#renew(membership),
        askForToken: (expiresInMs) => this.#token.ask(expiresInMs),
        send: (messages) => this.#send(messages),
        left: () => this.#leave(room.number),
      });
    } catch (thrown) {
      this.#refuseFor(open, thrown);
      return undefined;
    }
  }

  #isRefused(room: Room, open: Open): boolean {
    if (this.#isClosed) return true;
    // Who is in already takes no place by opening it anew.
    const atDoor = this.#memberships.has(room.number) ? undefined : refusalAtDoor(room, this.#services.refusals);
    const refusal = atDoor ?? refusalOf(open, room);
    if (refusal) this.#refuse(open, refusal.code, refusal.reason);
    return refusal !== undefined;
  }

  get #isClosed(): boolean {
    return this.#state.kind === "closed";
  }

  #refuseFor(open: Open, thrown: unknown): void {
    if (thrown instanceof DocumentDeleted && open.generation !== "") {
      return this.#refuse(
        open,
        closeCodes.generationMismatch,
        "the document was deleted since this client last had it",
      );
    }
    const { code, reason } = closeFor(thrown, this.#principal, this.#services);
    this.#refuse(open, code, reason);
  }

  #refuse({ requestId }: Open, code: CloseCode, reason: string): void {
    this.#send([{ type: "refused", requestId, code, reason }]);
  }

  #leave(roomNumber: number): void {
    const membership = this.#memberships.get(roomNumber);
    if (!membership || !this.#memberships.delete(roomNumber)) return;
    membership.end();
    this.#services.rooms.release(membership.room);
  }

  #send(messages: readonly Message[]): void {
    this.#transport.send(this.#services.framing([encodeFrame(messages)]));
  }

  #close(code: CloseCode, reason: string): void {
    this.#transport.close(code, reason);
    this.closed();
  }
}
