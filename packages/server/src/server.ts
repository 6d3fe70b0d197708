/** Puts adapters before an engine, and takes it all down in the right order. */
import { closeCodes, synclinePath } from "@syncline/protocol";
import { Certificate } from "./adapters/certificate.js";
import { ControlEndpoint } from "./adapters/control.js";
import { frameBinary } from "./adapters/frame.js";
import { FrontDoor } from "./adapters/front-door.js";
import { HttpAdapter } from "./adapters/http.js";
import { HttpSessions } from "./adapters/http-sessions.js";
import { OutboundMemory } from "./adapters/outbound-memory.js";
import { RevocationFile } from "./adapters/revocation-file.js";
import type { ServerStatus } from "./adapters/server-status.js";
import { frameWithLengths } from "./adapters/session-frames.js";
import { WebSocketAdapter } from "./adapters/websocket.js";
import { connect } from "./connection/connect.js";
import { asksNobody } from "./connection/open-to-all.js";
import type { Revoked } from "./connection/revocations.js";
import type { Documents } from "./documents/documents.js";
import { Engine } from "./engine.js";
import { messageOf } from "./error.js";
import { isLoopback } from "./exposure.js";
import { resolveOptions, type ResolvedOptions, type ServerOptions } from "./options.js";
import { rehearse } from "./rehearsal.js";
import { LevelStorage } from "./storage/level.js";
import type { Storage } from "./storage/storage.js";
import { version } from "./version.js";
import { WorkerPool } from "./worker/worker-pool.js";

/** A server that listens. */
export interface SynclineServer {
  readonly port: number;
  readonly host: string;
  /** Where clients connect: `ws://host:port`, or `wss:` with TLS. */
  readonly url: string;
  /** What can be done with documents as a whole: list, inspect, delete, export, import, check, back up. */
  readonly documents: Documents;
  /**
   * Ends the access of all that `revoked` names: one person's, one token's, or all in one document. Tokens made until now are not
   * accepted any more, and who has a document open by one of them is sent away with 4401. Where there is no telling when a token
   * was made (`issuedAt`), `authorize` is asked again and decides. Resolves with how many clients were sent away.
   * With data in a directory it outlives the process: it is on disk by then.
   *
   * @throws {SynclineError} `invalid-option` when it names nothing; `data-unusable` when it is done and would not outlive the
   * process
   */
  revoke(revoked: Revoked): Promise<number>;
  /**
   * Asks `authorize` again for all clients that `revoked` names, or all: access goes up or down while they are connected.
   * Resolves with how many those were.
   */
  reauthorize(revoked?: Revoked): Promise<number>;
  /**
   * Stops accepting, commits what is queued, closes clients with 4503 (they come back by themselves), closes the store.
   * A second call waits for the first.
   */
  close(): Promise<void>;
}

/** @throws {SynclineError} `invalid-option`, `insecure-bind`, `cannot-listen`, or what opening the store throws. */
export async function startServer(options: ServerOptions = {}): Promise<SynclineServer> {
  const resolved = resolveOptions(options);
  const { tls, timers, logger } = resolved;
  // First, for it leaves nothing behind when it fails.
  const certificate = tls && (await Certificate.load({ files: tls, timers, logger }));
  // While other threads open the store. Nobody waits for it: what fails in it would fail for the first client, who is told.
  rehearse(resolved).catch((thrown: unknown) => logger.debug({ error: messageOf(thrown) }, "no rehearsal"));
  const storage = await openStorage(resolved);
  const server = new RunningServer(resolved, {
    storage,
    certificate,
    revoked: await revocationsBeside(storage, resolved),
  });
  try {
    await server.listen();
  } catch (thrown) {
    await server.close();
    throw thrown;
  }
  return server;
}

async function openStorage({ data, fsync, logger }: ResolvedOptions): Promise<Storage> {
  if (typeof data !== "string") return data;
  const onMend = (damage: string) =>
    logger.error(
      { data, damage },
      "the store is damaged; it is rebuilt from what can be read of it: compare the documents with a backup",
    );
  return LevelStorage.open(data, { fsync, onMend });
}

/** `undefined`: they are gone with the process. */
async function revocationsBeside(
  storage: Storage,
  { data, logger }: ResolvedOptions,
): Promise<RevocationFile | undefined> {
  if (typeof data !== "string") return undefined;
  try {
    return await RevocationFile.open(data, logger);
  } catch (thrown) {
    await storage.close();
    throw thrown;
  }
}

const shuttingDown = "the server is shutting down; it will be back";

/** Over how long clients come back at least: they do not all come in the same moment, however few they are. */
const minReconnectSpreadMs = 500;

/** How long a server that stops waits for the disk. */
const settleLimitMs = 4_000;

/** What has to be there before there is a server. */
interface ServerParts {
  readonly storage: Storage;
  readonly certificate: Certificate | undefined;
  readonly revoked: RevocationFile | undefined;
}

class RunningServer implements SynclineServer {
  readonly #options: ResolvedOptions;
  readonly #engine: Engine;
  readonly #webSockets: WebSocketAdapter;
  readonly #httpSessions: HttpSessions;
  readonly #http: HttpAdapter;
  readonly #certificate: Certificate | undefined;
  #control: ControlEndpoint | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedOptions, { storage, certificate, revoked }: ServerParts) {
    const { limits, timers, logger } = options;
    this.#options = options;
    this.#certificate = certificate;
    this.#engine = new Engine({
      ...options,
      storage,
      workers: new WorkerPool(),
      ...(revoked && { revocations: revoked.revocations, revocationLog: revoked }),
    });
    const { refusals } = this.#engine;
    const door = this.#createFrontDoor();
    const memory = new OutboundMemory(limits.maxOutboundBytes, refusals);
    const shared = { ...limits, door, memory, refusals, timers, logger };
    const services = this.#engine.connectionServices(frameBinary);
    this.#webSockets = new WebSocketAdapter({
      ...shared,
      connect: (transport, target) => connect(transport, target, services),
    });
    const sessionServices = this.#engine.connectionServices(frameWithLengths);
    this.#httpSessions = new HttpSessions({
      ...shared,
      connect: (transport) => connect(transport, synclinePath, sessionServices),
    });
    this.#http = new HttpAdapter({
      ...shared,
      status: () => this.#status(),
      pageDirectory: options.pageDirectory,
      // While it stops it listens on: who polls hears of it with the next request.
      upgrade: (request, socket, head) => {
        if (this.#closing) socket.destroy();
        else this.#webSockets.upgrade(request, socket, head);
      },
      takes: (request, response, known) => this.#httpSessions.takes(request, response, known),
      respond: options.respond,
      silentSockets: {
        maxPerAddress: limits.connectBurst,
        isExempt: (address) => door.isUncounted(address),
      },
      certificate,
    });
  }

  #createFrontDoor(): FrontDoor {
    const { allowedOrigins, trustedProxies, host, authorize, limits, timers } = this.#options;
    return new FrontDoor({
      allowedOrigins,
      trustedProxies,
      isForThisMachine: isLoopback(host) && asksNobody(authorize),
      keepsHeaders: !asksNobody(authorize),
      limits,
      connectionCount: () => this.#connectionCount,
      refusals: this.#engine.refusals,
      timers,
    });
  }

  get host(): string {
    return this.#options.host;
  }

  get port(): number {
    return this.#http.port ?? this.#options.port;
  }

  get url(): string {
    return `${this.#certificate ? "wss" : "ws"}://${this.host.includes(":") ? `[${this.host}]` : this.host}:${this.port}`;
  }

  get documents(): Documents {
    return this.#engine.documents;
  }

  revoke(revoked: Revoked): Promise<number> {
    return this.#engine.revoke(revoked);
  }

  reauthorize(revoked?: Revoked): Promise<number> {
    return this.#engine.reauthorize(revoked);
  }

  async listen(): Promise<void> {
    const { host, port, data, control, logger } = this.#options;
    await this.#http.listen(host, port);
    if (!control || typeof data !== "string") return;
    const { documents } = this;
    const revoke = (revoked: Revoked) => this.revoke(revoked);
    this.#control = await ControlEndpoint.open({ directory: data, documents, revoke, logger });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    for (const clients of this.#clients) {
      clients.goAway(this.#reconnectAfterMs, shuttingDown);
      clients.stopReading();
    }
    await this.#control?.close();
    this.#certificate?.close();
    // First to disk and so to the acks, then the sockets: a client that is told to come back knows what was kept.
    const isSettled = await this.#inTime((signal) => this.#engine.settled(signal));
    await Promise.all(this.#clients.map((clients) => clients.close(closeCodes.draining, shuttingDown)));
    this.#http.close();
    // What arrived until the sockets were closed; a store that took nothing before does not now.
    if (isSettled) await this.#inTime((signal) => this.#engine.settled(signal));
    await this.#inTime(() => this.#engine.close());
  }

  /**
   * Whether `work` was done within the limit: a store that fails or hangs must not keep a server from stopping. What was not
   * acknowledged by then is with the clients.
   */
  async #inTime(work: (signal: AbortSignal) => Promise<void>): Promise<boolean> {
    const { timers, logger } = this.#options;
    const patience = new AbortController();
    let cancel: () => void = () => undefined;
    const tooLate = new Promise<boolean>((resolve) => {
      cancel = timers.after(settleLimitMs, () => {
        logger.error({}, "not everything could be committed before the server stopped; nothing of it was acknowledged");
        patience.abort();
        resolve(false);
      });
    });
    try {
      return await Promise.race([work(patience.signal).then(() => true), tooLate]);
    } finally {
      cancel();
    }
  }

  /** So long that not more come back in a second than may. */
  get #reconnectAfterMs(): number {
    const seconds = this.#connectionCount / this.#options.limits.reconnectsPerSecond;
    return Math.max(minReconnectSpreadMs, Math.ceil(seconds * 1000));
  }

  get #clients(): readonly (WebSocketAdapter | HttpSessions)[] {
    return [this.#webSockets, this.#httpSessions];
  }

  get #connectionCount(): number {
    return this.#webSockets.connectionCount + this.#httpSessions.sessionCount;
  }

  #status(): ServerStatus {
    const { rooms, backlogBytes, isHealthy } = this.#engine;
    return {
      version,
      connectionCount: this.#connectionCount,
      httpSessionCount: this.#httpSessions.sessionCount,
      roomCount: rooms.count,
      degradedRoomCount: rooms.degradedCount,
      readOnlyRoomCount: rooms.readOnlyCount,
      backlogBytes,
      isStoreHealthy: isHealthy,
      isReady: this.#closing === undefined && isHealthy,
    };
  }
}
