/** What a server can be told: names, units, defaults, and the check. Nothing else reads the environment or guesses. */
import { resolve } from "node:path";
import { z } from "zod";
import { isOriginPattern } from "./adapters/allowed-origins.js";
import type { CertificateFiles } from "./adapters/certificate.js";
import type { Respond } from "./adapters/responder.js";
import { isProxyPattern } from "./adapters/trusted-proxies.js";
import { everybodyMayWrite, type Authorize } from "./connection/authorize.js";
import { SynclineError } from "./error.js";
import { assertNotExposed } from "./exposure.js";
import { silentLogger, type Logger } from "./logger.js";
import type { Storage } from "./storage/storage.js";
import { systemTimers, type Timers } from "./timers.js";

export interface ServerOptions {
  /** 0 takes a free one. @default 1234 */
  readonly port?: number;
  /** An address of this machine. One that others can reach needs `authorize`, or `insecure`. @default "127.0.0.1" */
  readonly host?: string;
  /** A directory, made if need be, or a store of your own. @default "./data" */
  readonly data?: string | Storage;
  /** `durable`: others see an edit once it is on disk. `immediate`: at once; a power cut may take it back. @default "durable" */
  readonly relay?: "durable" | "immediate";
  /**
   * A Yjs client id belongs to the `subject` (of `authorize`) that used it first. What another writes under it is refused with
   * 4403 (`enforce`), or counted in the metrics and taken (`log`). `log` is for when clients have to bring back what others
   * wrote: for a while after a backup was restored, and with `relay: "immediate"`, where an edit that others have seen may be
   * lost. Where nobody has a subject both are the same.
   * @default "enforce"; "log" with `relay: "immediate"`
   */
  readonly clientIds?: "enforce" | "log";
  /** Flush to stable storage before anything is acknowledged. @default true */
  readonly fsync?: boolean;
  /**
   * What a client's token allows in a document that it opens, and until when. It is awaited before the client hears anything
   * of the document; a token that it does not accept it throws `NotAuthorized` for.
   * @default everybody may read and write every document
   */
  readonly authorize?: Authorize;
  /** Let anyone who can reach `host` read and write every document. @default false */
  readonly insecure?: boolean;
  /**
   * Pages that may connect besides those of the server's own host name, and, where that is this machine, those of this machine:
   * `https://a.example`, `https://*.a.example` for all hosts below, `null` for files and sandboxed frames, `*` for all. What is
   * no browser has no origin, and may connect.
   * @default none
   */
  readonly allowedOrigins?: readonly string[];
  /**
   * Proxies in front of the server, whose `X-Forwarded-For` and `X-Forwarded-Host` are believed: addresses, networks such as
   * `10.0.0.0/8`, or `loopback`. What others send under these names is ignored.
   * @default none
   */
  readonly trustedProxies?: readonly string[];
  /** PEM files with which the server speaks TLS (`wss`), 1.2 and later. They are read again when they change. @default none */
  readonly tls?: CertificateFiles | undefined;
  /**
   * A second listener, on 127.0.0.1 and with a token in the data directory, through which the command line reaches the
   * documents while the server has them open. Only for data in a directory.
   * @default true
   */
  readonly control?: boolean;
  /** A directory to serve at `/`, for a demo. @default none: a status page */
  readonly pageDirectory?: string | undefined;
  /**
   * Answers HTTP requests of your own on the server's port. It is asked about every request but those by which documents
   * travel (WebSockets, and all below `/.syncline/v1`), before the server's own `/health`, `/ready`, `/metrics` and page.
   * `true`: it has answered, or will; `false`: the server is to answer, and the response is as it was. What it throws, or
   * rejects with, is logged and answered with 500. Nobody has checked who asks, and bodies have no limit; a URL above 2 KiB does
   * not get here, and a connection on which nothing moves for two minutes is dropped.
   * @default none
   */
  readonly respond?: Respond | undefined;
  readonly logger?: Logger;
  readonly timers?: Timers;
  readonly limits?: Partial<ServerLimits>;
}

export interface ServerLimits {
  /** Bytes of one WebSocket message. @default 8 MiB */
  readonly maxFrameBytes: number;
  /** Bytes of one update. @default 4 MiB */
  readonly maxUpdateBytes: number;
  /** Bytes a client may leave unread before it is left behind until it has read them. @default 1 MiB */
  readonly maxUnsentBytes: number;
  /**
   * Bytes that a client may leave unread on top of that, of all that is no document: answers, acks, pongs. Beyond, it is closed
   * with 4508. @default 8 MiB
   */
  readonly maxUnsentAnswerBytes: number;
  /**
   * Bytes that all clients together may leave unread. Beyond, those who hold the most are closed with 4508.
   * @default 256 MiB
   */
  readonly maxOutboundBytes: number;
  /** WebSockets and sessions over HTTP. Who comes beyond is answered 503. @default 20,000 */
  readonly maxConnections: number;
  /**
   * Connections of one address (of IPv6, of one /64) that have not opened a document yet. Who comes beyond is answered 429.
   * This machine's are not counted, nor those of a trusted proxy that does not say whose they are. @default 200
   */
  readonly maxStrangersPerAddress: number;
  /** New connections of one address; beyond, 429. @default 50 */
  readonly connectsPerSecond: number;
  /** New connections of one address that may come at once. @default 500 */
  readonly connectBurst: number;
  /** How long a client may take to read what it was sent, besides the time that a slow link needs for it. @default 30,000 */
  readonly lagAllowanceMs: number;
  /** What counts as a slow link. @default 32 KiB, which is 256 kbit/s */
  readonly slowestReadBytesPerSecond: number;
  /** Bytes of each open document's log kept in memory. @default 1 MiB */
  readonly tailCacheBytes: number;
  /** Bytes of snapshots kept in memory, over all documents. @default 64 MiB */
  readonly segmentCacheBytes: number;
  /** A log is compacted when what came since its snapshot weighs more than this, and twice the snapshot. @default 256 KiB */
  readonly compactAboveBytes: number;
  /** A document nobody has open is let go after this long. @default 5,000 */
  readonly unloadAfterMs: number;
  /** Presence changes of this window go out together. It grows to 60 where sending them takes long. @default 25 */
  readonly presenceWindowMs: number;
  /** Bytes of one client's presence. A larger state is not shown. @default 4 KiB */
  readonly maxPresenceStateBytes: number;
  /**
   * Yjs client ids one connection may announce per document. With 1, one that announces another id goes on under that, once in
   * 30 seconds; more are for bridges, which speak for several clients.
   * @default 1
   */
  readonly maxPresenceIdsPerMember: number;
  /** Presence messages of one client in a second, and at once. Of what is above that the newest is passed on, later. @default 20 */
  readonly presencePerSecond: number;
  /** Clients shown in one document. Who is too many is not. @default 2,000 */
  readonly maxPresenceStatesPerRoom: number;
  /** Bytes of presence in one document. What is too much is not shown. @default 1 MiB */
  readonly maxPresenceBytesPerRoom: number;
  /** How often a silent client is asked for a sign of life. @default 15,000 */
  readonly heartbeatMs: number;
  /** How long a syncline client may take for its hello. @default 5,000 */
  readonly helloTimeoutMs: number;
  /** How long `authorize` may take; then the client is told to come back. @default 10,000 */
  readonly authorizeTimeoutMs: number;
  /** How long a y-websocket client, which cannot be told, may stay in a document that takes no edits because the store refuses writes. @default 10,000 */
  readonly readOnlyAllowanceMs: number;
  /** Bytes of edits that may wait for the disk, over all documents, before no more are read from those who send them. @default 64 MiB */
  readonly maxBacklogBytes: number;
  /** Documents one syncline connection may have open. @default 100 */
  readonly maxRoomsPerConnection: number;
  /** Structs of one update; with more it is rejected with 4413. @default 500,000 */
  readonly maxStructsPerUpdate: number;
  /** Ranges of ids that one update deletes; with more it is rejected with 4413. @default 250,000 */
  readonly maxDeletionsPerUpdate: number;
  /** Clients that may have one document open at a time. One more is refused with 4529. @default 1,000 */
  readonly maxMembersPerRoom: number;
  /** Yjs client ids that a document holds something of: each page that was written on brings one. @default 100,000 */
  readonly maxClientIdsPerRoom: number;
  /**
   * Bytes of one document, compacted. What would add to a larger one is rejected with 4413; it can be read, and things in it
   * deleted. @default 64 MiB
   */
  readonly maxRoomBytes: number;
  /** Bytes of one application event. A client that sends a larger one loses the document with 4413. @default 64 KiB */
  readonly maxEventBytes: number;
  /** Application events one member may send; what is above that is dropped. @default 20 */
  readonly eventsPerSecond: number;
  /** Application events one member may send at once, after some quiet. @default 40 */
  readonly eventBurst: number;
  /** Bytes of application events one member may send in a second, and at once. @default 256 KiB */
  readonly eventBytesPerSecond: number;
  /**
   * When the server stops, clients are told to come back spread over so long that no more than this come in a second (and
   * over half a second at least). @default 1,000
   */
  readonly reconnectsPerSecond: number;
  /** Sessions over SSE and long polling, of clients that cannot have a WebSocket. @default 2,000 */
  readonly maxHttpSessions: number;
  /** Bytes kept for one such session until its client says that it has them; beyond, it is closed with 4508. @default 16 MiB */
  readonly maxHttpSessionBytes: number;
  /** Such a session is closed after this long without a request. @default 30,000 */
  readonly httpSessionIdleMs: number;
  /** How often an event stream gets a comment, lest a proxy take it for idle. @default 10,000 */
  readonly eventHeartbeatMs: number;
  /** How long a poll waits for something to say. @default 20,000 */
  readonly pollWaitMs: number;
  /** From the start of one commit to the start of the next, at least: what arrives meanwhile shares a flush. @default 4 */
  readonly commitIntervalMs: number;
}

export type ResolvedOptions = Readonly<
  Required<Omit<ServerOptions, "limits" | "pageDirectory" | "respond" | "tls">>
> & {
  readonly limits: Readonly<ServerLimits>;
  readonly pageDirectory: string | undefined;
  readonly respond: Respond | undefined;
  readonly tls: CertificateFiles | undefined;
};

const KiB = 1024;
const MiB = 1024 * KiB;
const count = (fallback: number) => z.number().int().positive().default(fallback);
const span = (fallback: number) => z.number().nonnegative().default(fallback);

export const limitsSchema = z.strictObject({
  maxFrameBytes: count(8 * MiB),
  maxUpdateBytes: count(4 * MiB),
  maxUnsentBytes: count(MiB),
  maxUnsentAnswerBytes: count(8 * MiB),
  maxOutboundBytes: count(256 * MiB),
  maxConnections: count(20_000),
  maxStrangersPerAddress: count(200),
  connectsPerSecond: count(50),
  connectBurst: count(500),
  lagAllowanceMs: span(30_000),
  slowestReadBytesPerSecond: count(32 * KiB),
  tailCacheBytes: count(MiB),
  segmentCacheBytes: count(64 * MiB),
  compactAboveBytes: count(256 * KiB),
  unloadAfterMs: span(5_000),
  presenceWindowMs: span(25),
  maxPresenceStateBytes: count(4 * KiB),
  maxPresenceIdsPerMember: count(1),
  presencePerSecond: count(20),
  maxPresenceStatesPerRoom: count(2_000),
  maxPresenceBytesPerRoom: count(MiB),
  heartbeatMs: count(15_000),
  helloTimeoutMs: count(5_000),
  authorizeTimeoutMs: count(10_000),
  readOnlyAllowanceMs: span(10_000),
  maxBacklogBytes: count(64 * MiB),
  maxRoomsPerConnection: count(100),
  maxStructsPerUpdate: count(500_000),
  maxDeletionsPerUpdate: count(250_000),
  maxMembersPerRoom: count(1_000),
  maxClientIdsPerRoom: count(100_000),
  maxRoomBytes: count(64 * MiB),
  maxEventBytes: count(64 * KiB),
  eventsPerSecond: count(20),
  eventBurst: count(40),
  eventBytesPerSecond: count(256 * KiB),
  reconnectsPerSecond: count(1_000),
  maxHttpSessions: count(2_000),
  maxHttpSessionBytes: count(16 * MiB),
  httpSessionIdleMs: count(30_000),
  eventHeartbeatMs: count(10_000),
  pollWaitMs: count(20_000),
  commitIntervalMs: span(4),
});

const optionsSchema = z.strictObject({
  port: z.number().int().min(0).max(65_535).default(1234),
  host: z.string().min(1).default("127.0.0.1"),
  data: z
    .union([z.string().min(1), z.custom<Storage>((value) => typeof value === "object" && value !== null)])
    .default("./data"),
  relay: z.enum(["durable", "immediate"]).default("durable"),
  clientIds: z.enum(["enforce", "log"]).optional(),
  fsync: z.boolean().default(true),
  authorize: z.custom<Authorize>((value) => typeof value === "function").default(() => everybodyMayWrite),
  insecure: z.boolean().default(false),
  allowedOrigins: z
    .array(
      z
        .string()
        .refine(
          isOriginPattern,
          'an origin is "https://a.example" without a path, "https://*.a.example", "null" or "*"',
        ),
    )
    .default(() => []),
  trustedProxies: z
    .array(z.string().refine(isProxyPattern, 'a proxy is an IP address, a network such as "10.0.0.0/8", or "loopback"'))
    .default(() => []),
  tls: z.strictObject({ cert: z.string().min(1), key: z.string().min(1) }).optional(),
  control: z.boolean().default(true),
  pageDirectory: z.string().optional(),
  respond: z.custom<Respond>((value) => typeof value === "function").optional(),
  logger: z.custom<Logger>().default(silentLogger),
  timers: z.custom<Timers>().default(systemTimers),
  limits: limitsSchema.prefault({}),
});

/** @throws {SynclineError} `invalid-option`, naming the option and what it takes; `insecure-bind`. */
export function resolveOptions(options: ServerOptions): ResolvedOptions {
  const parsed = optionsSchema.safeParse(options);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw new SynclineError("invalid-option", `option ${issue?.path.join(".") ?? ""}: ${issue?.message ?? "invalid"}`);
  }
  const { data, host, insecure, authorize, relay, pageDirectory, respond, tls } = parsed.data;
  const { clientIds = relay === "immediate" ? "log" : "enforce" } = parsed.data;
  if (!insecure && authorize === everybodyMayWrite) assertNotExposed(host);
  return Object.freeze({
    ...parsed.data,
    clientIds,
    pageDirectory,
    respond,
    tls,
    data: typeof data === "string" ? resolve(data) : data,
    limits: Object.freeze(parsed.data.limits),
  });
}
