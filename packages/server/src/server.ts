/** Wires the layers to a running server, and takes it down in the right order. The only file that knows all of them. */
import { randomUUID } from "node:crypto";
import { checkDocumentName, closeCodes, maxUpdateHeaderBytes, ProtocolError, synclinePath } from "@syncline/protocol";
import { frameBinary } from "./adapters/frame.js";
import { HttpAdapter } from "./adapters/http.js";
import type { ServerStatus } from "./adapters/server-status.js";
import { WebSocketAdapter } from "./adapters/websocket.js";
import type { ConnectionServices } from "./connection/services.js";
import { SynclineConnection } from "./connection/syncline-connection.js";
import { createSynclineWire } from "./connection/syncline-wire.js";
import type { Connection, Transport } from "./connection/transport.js";
import { YWebsocketConnection } from "./connection/y-websocket-connection.js";
import { createYWebsocketWire } from "./connection/y-websocket-wire.js";
import { resolveOptions, type ResolvedOptions, type ServerOptions } from "./options.js";
import { Rooms } from "./room/rooms.js";
import { createSegmentCache } from "./room/segment-cache.js";
import { shareSegmentDiffs } from "./room/segment-diff.js";
import { CommitQueue } from "./storage/commit-queue.js";
import { LevelStorage } from "./storage/level.js";
import type { Storage } from "./storage/storage.js";
import { version } from "./version.js";
import { WorkerPool } from "./worker/worker-pool.js";

/** A server that listens. */
export interface SynclineServer {
  readonly port: number;
  readonly host: string;
  /** Where clients connect: `ws://host:port`. */
  readonly url: string;
  /**
   * Stops accepting, commits what is queued, closes clients with 4503 (they come back by themselves), closes the store.
   * A second call waits for the first.
   */
  close(): Promise<void>;
}

/** @throws {SynclineError} `invalid-option`, `insecure-bind`, `cannot-listen`, or what opening the store throws. */
export async function startServer(options: ServerOptions = {}): Promise<SynclineServer> {
  const resolved = resolveOptions(options);
  const storage = await openStorage(resolved);
  const server = new RunningServer(resolved, storage);
  try {
    await server.listen();
  } catch (thrown) {
    await server.close();
    throw thrown;
  }
  return server;
}

async function openStorage({ data, fsync }: ResolvedOptions): Promise<Storage> {
  return typeof data === "string" ? LevelStorage.open(data, { fsync }) : data;
}

/** How long a server that stops waits for the disk. */
const settleLimitMs = 4_000;

class RunningServer implements SynclineServer {
  readonly #options: ResolvedOptions;
  readonly #storage: Storage;
  readonly #commitQueue: CommitQueue;
  readonly #workers = new WorkerPool();
  readonly #rooms: Rooms;
  readonly #webSockets: WebSocketAdapter;
  readonly #http: HttpAdapter;
  #closing: Promise<void> | undefined;

  constructor(options: ResolvedOptions, storage: Storage) {
    const { limits, timers, logger } = options;
    this.#options = options;
    this.#storage = storage;
    this.#commitQueue = new CommitQueue({ storage, timers, logger, commitIntervalMs: limits.commitIntervalMs });
    this.#rooms = new Rooms({
      storage,
      commitQueue: this.#commitQueue,
      workers: this.#workers,
      diffSegments: shareSegmentDiffs(this.#workers),
      segmentCache: createSegmentCache(limits.segmentCacheBytes),
      timers,
      logger,
      newGeneration: randomUUID,
      limits: { ...limits, relay: options.relay },
    });
    const services = this.#connectionServices();
    this.#webSockets = new WebSocketAdapter({
      maxFrameBytes: limits.maxFrameBytes,
      timers,
      logger,
      connect: (transport, path) => connect(transport, path, services),
    });
    this.#http = new HttpAdapter({
      status: () => this.#status(),
      pageDirectory: options.pageDirectory,
      upgrade: (request, socket, head) => this.#webSockets.upgrade(request, socket, head),
    });
  }

  get host(): string {
    return this.#options.host;
  }

  get port(): number {
    return this.#http.port ?? this.#options.port;
  }

  get url(): string {
    return `ws://${this.host.includes(":") ? `[${this.host}]` : this.host}:${this.port}`;
  }

  async listen(): Promise<void> {
    await this.#http.listen(this.#options.host, this.#options.port);
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  async #close(): Promise<void> {
    this.#http.stopAccepting();
    this.#webSockets.stopReading();
    // First to disk and so to the acks, then the sockets: a client that is told to come back knows what was kept.
    await this.#settledOrTooLate();
    await this.#webSockets.close(closeCodes.draining, "the server is shutting down; it will be back");
    this.#http.close();
    await this.#settledOrTooLate();
    await this.#commitQueue.close();
    await this.#rooms.close();
    await this.#workers.close();
    await this.#storage.close();
  }

  /** A store that refuses writes must not keep a server from stopping: what was not acknowledged is with the clients. */
  async #settledOrTooLate(): Promise<void> {
    const { timers, logger } = this.#options;
    let cancel: () => void = () => undefined;
    const tooLate = new Promise<void>((resolve) => {
      cancel = timers.after(settleLimitMs, () => {
        logger.error({}, "not everything could be committed before the server stopped; nothing of it was acknowledged");
        resolve();
      });
    });
    await Promise.race([this.#rooms.settled(), tooLate]);
    cancel();
  }

  #status(): ServerStatus {
    return {
      version,
      connectionCount: this.#webSockets.connectionCount,
      roomCount: this.#rooms.count,
      isReady: this.#closing === undefined && this.#commitQueue.isHealthy,
    };
  }

  #connectionServices(): ConnectionServices {
    const { limits, timers, logger } = this.#options;
    return {
      rooms: this.#rooms,
      timers,
      logger,
      framing: frameBinary,
      wires: { yWebsocket: createYWebsocketWire(frameBinary), syncline: createSynclineWire(frameBinary) },
      heartbeatMs: limits.heartbeatMs,
      helloTimeoutMs: limits.helloTimeoutMs,
      maxFrameBytes: limits.maxFrameBytes,
      maxMessageBytes: Math.min(limits.maxFrameBytes, limits.maxUpdateBytes + maxUpdateHeaderBytes),
      maxRoomsPerConnection: limits.maxRoomsPerConnection,
      newConnectionId: randomUUID,
      serverName: `syncline ${version}`,
    };
  }
}

/** The dialect is in the path: one is syncline's, every other names a document of the y-websocket dialect. */
function connect(transport: Transport, path: string, services: ConnectionServices): Connection {
  if (path === synclinePath) return new SynclineConnection(transport, services);
  try {
    return new YWebsocketConnection(transport, documentNameIn(path), services);
  } catch (thrown) {
    if (!(thrown instanceof ProtocolError)) throw thrown;
    transport.close(closeCodes.protocolError, thrown.message);
    return { receive: () => undefined, closed: () => undefined, tick: () => undefined };
  }
}

function documentNameIn(path: string): string {
  let name: string;
  try {
    name = decodeURIComponent(path.slice(1));
  } catch (cause) {
    const message = "the document name in the URL is not percent-encoded UTF-8";
    throw new ProtocolError("invalid-document-name", message, { cause });
  }
  return checkDocumentName(name);
}
