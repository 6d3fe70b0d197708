/**
 * The fallback transport's paths, for clients of the syncline dialect that cannot have a WebSocket: makes sessions, finds
 * them, and hands requests to them. PROTOCOL.md, "Where WebSocket is blocked". A session's id is all it takes to be its
 * client: it is never logged.
 */
import { randomBytes } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { type CloseCode, synclinePath } from "@syncline/protocol";
import type { Connection, Transport } from "../connection/transport.js";
import type { Logger } from "../logger.js";
import type { Refusals } from "../refusals.js";
import type { Timers } from "../timers.js";
import type { FrontDoor } from "./front-door.js";
import { HttpSession, type HttpSessionOptions } from "./http-session.js";
import type { OutboundMemory } from "./outbound-memory.js";
import { Poll } from "./poll.js";
import type { ProbationLimits } from "./probation.js";
import type { RefusedRequest } from "./refused-request.js";
import { answerFarewell, answerJson, answerNothing, answerWords, type Farewell } from "./session-answer.js";
import { EventStream } from "./sse.js";
import { refuseBody } from "./unwanted-body.js";
import { Upload } from "./upload.js";

export interface HttpSessionsOptions extends ProbationLimits {
  readonly door: FrontDoor;
  readonly memory: OutboundMemory;
  readonly refusals: Refusals;
  readonly maxFrameBytes: number;
  readonly maxHttpSessions: number;
  readonly maxHttpSessionBytes: number;
  readonly httpSessionIdleMs: number;
  readonly slowestReadBytesPerSecond: number;
  readonly eventHeartbeatMs: number;
  readonly pollWaitMs: number;
  readonly timers: Timers;
  readonly logger: Logger;
  /** Random, at least 128 bits of it, of characters that need no escaping in a URL. @default 192 bits */
  readonly newSessionId?: () => string;
  /** What speaks on a session. */
  readonly connect: (transport: Transport) => Connection;
}

const sessionsPath = `${synclinePath}/sessions`;
const tickMs = 1_000;
const retryAfterSeconds = 10;
const uploadAllowanceMs = 30_000;
const preflightSeconds = 24 * 60 * 60;

type Query = URLSearchParams;

/** One request to one session. */
interface Asked {
  readonly session: HttpSession;
  readonly query: Query;
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly known: (socket: Socket) => void;
}

export class HttpSessions {
  readonly #options: HttpSessionsOptions;
  readonly #sessions = new Map<string, HttpSession>();
  #isStopping = false;
  #cancelTick: (() => void) | undefined;

  constructor(options: HttpSessionsOptions) {
    this.#options = options;
    this.#tick();
  }

  get sessionCount(): number {
    return this.#sessions.size;
  }

  /**
   * Answers, now or later, when the path is one of these; returns whether it is.
   *
   * @param known called with the request's socket once its client was let into a document
   */
  takes(request: IncomingMessage, response: ServerResponse, known: (socket: Socket) => void): boolean {
    const [path = "", query] = (request.url ?? "").split("?", 2);
    if (path !== sessionsPath && !path.startsWith(`${sessionsPath}/`)) return false;
    // A client that has gone is seen by "close"; what is written to it meanwhile is lost like everything else.
    response.on("error", () => undefined);
    const refused = this.#options.door.refusalOfPage(request);
    if (refused) return answerRefused(response, refused);
    allowOrigin(request, response);
    if (!path.endsWith("/frames")) refuseBody(request, response);
    if (request.method === "OPTIONS") answerPreflight(response);
    else if (path === sessionsPath) this.#create(request, response);
    else {
      const asked = { query: new URLSearchParams(query), request, response, known };
      this.#route(path.slice(sessionsPath.length + 1), asked);
    }
    return true;
  }

  /** Tells clients that the server is about to stop, and over how long they are to come back. */
  goAway(reconnectAfterMs: number, reason: string): void {
    for (const session of this.#sessions.values()) session.goAway(reconnectAfterMs, reason);
  }

  /** Reads nothing more, and takes no new sessions. */
  stopReading(): void {
    this.#isStopping = true;
    for (const session of this.#sessions.values()) session.holdReading();
  }

  /** Ends all sessions with `code`; resolves when they are over. */
  async close(code: CloseCode, reason: string): Promise<void> {
    this.#isStopping = true;
    const closing = [...this.#sessions.values()].map((session) => {
      session.close(code, reason);
      return session.gone;
    });
    await Promise.all(closing);
    this.#cancelTick?.();
  }

  #create(request: IncomingMessage, response: ServerResponse): void {
    const { maxHttpSessions, door, refusals } = this.#options;
    if (request.method !== "POST") return answerNotAllowed(response, "POST");
    if (this.#isStopping) return answerUnavailable(response, "the server is shutting down; it will be back");
    if (this.#sessions.size >= maxHttpSessions) {
      const words = `at most ${maxHttpSessions} sessions over HTTP; WebSockets are not counted`;
      refusals.note("capacity", words);
      return answerUnavailable(response, words);
    }
    const admission = door.admit(request);
    if (admission.kind === "refused") return void answerRefused(response, admission.refused);
    const id = (this.#options.newSessionId ?? randomSessionId)();
    this.#add(id, { peer: admission.peer, stranger: admission.enter() });
    answerJson(response, 201, { session: id });
  }

  #add(id: string, { peer, stranger }: Pick<HttpSessionOptions, "peer" | "stranger">): void {
    const { timers, logger, memory, refusals, maxFrameBytes, connect } = this.#options;
    const limits = {
      maxUnreadBytes: this.#options.maxHttpSessionBytes,
      idleMs: this.#options.httpSessionIdleMs,
      uploadAllowanceMs,
      slowestBytesPerSecond: this.#options.slowestReadBytesPerSecond,
      helloTimeoutMs: this.#options.helloTimeoutMs,
      authorizeTimeoutMs: this.#options.authorizeTimeoutMs,
    };
    const session = new HttpSession({ timers, logger, peer, stranger, memory, refusals, maxFrameBytes, ...limits });
    this.#sessions.set(id, session);
    memory.add(session);
    void session.gone.then(() => this.#sessions.delete(id));
    session.carry(connect(session));
  }

  #route(rest: string, asked: Omit<Asked, "session">): void {
    const { method } = asked.request;
    const [id = "", what, ...more] = rest.split("/");
    const session = more.length === 0 ? this.#sessions.get(id) : undefined;
    if (!session) return answerWords(asked.response, 404, "no such session: it has ended, or was another server's");
    session.heard();
    session.cameOn(asked.request.socket, asked.known);
    switch (what) {
      case "events":
        return method === "GET" ? this.#stream({ ...asked, session }) : answerNotAllowed(asked.response, "GET");
      case "poll":
        return method === "POST" ? this.#poll({ ...asked, session }) : answerNotAllowed(asked.response, "POST");
      case "frames":
        return method === "POST" ? this.#upload({ ...asked, session }) : answerNotAllowed(asked.response, "POST");
      default:
        return answerWords(asked.response, 404, "a session has events, poll and frames");
    }
  }

  #stream({ session, query, request, response }: Asked): void {
    const { timers, eventHeartbeatMs } = this.#options;
    // An EventSource that comes back names the number in a header, and asks for the same URL as before.
    const after = numberIn(request.headers["last-event-id"] ?? query.get("ack") ?? "0");
    if (!acknowledged(session, after, response)) return;
    session.attach(new EventStream(response, { session, after, timers, heartbeatMs: eventHeartbeatMs }));
  }

  #poll({ session, query, request, response }: Asked): void {
    const { timers, pollWaitMs } = this.#options;
    const after = numberIn(query.get("ack"));
    // It has no body; reading to its end lets the connection be used again.
    request.resume();
    if (!acknowledged(session, after, response)) return;
    session.attach(new Poll(response, { session, after, timers, waitMs: pollWaitMs }));
  }

  #upload({ session, query, request, response }: Asked): void {
    const firstNumber = numberIn(query.get("first"));
    if (firstNumber === undefined || firstNumber === 0) return answerWords(response, 400, "first must be a number");
    if (query.has("ack") && !acknowledged(session, numberIn(query.get("ack")), response)) return;
    if (session.farewell) return sayFarewell(session, session.farewell, response);
    session.upload(new Upload(request, response, { firstNumber, isLast: query.has("last") }));
  }

  /** One timer for the heartbeats of all sessions. */
  #tick(): void {
    this.#cancelTick = this.#options.timers.after(tickMs, () => this.#tick());
    const nowMs = this.#options.timers.now();
    for (const session of this.#sessions.values()) session.tick(nowMs);
  }
}

function randomSessionId(): string {
  return randomBytes(24).toString("base64url");
}

/**
 * Lets the page that asks read the answer; that it may ask was found before. Without cookies, as with WebSockets: who the user
 * is says the token in the hello.
 */
function allowOrigin({ headers }: IncomingMessage, response: ServerResponse): void {
  response.setHeader("Vary", "Origin");
  if (headers.origin !== undefined) response.setHeader("Access-Control-Allow-Origin", headers.origin);
}

/** Returns that it has answered. */
function answerRefused(response: ServerResponse, { status, words, retryAfterSeconds }: RefusedRequest): true {
  response.setHeader("Vary", "Origin");
  if (retryAfterSeconds !== undefined) response.setHeader("Retry-After", retryAfterSeconds);
  answerWords(response, status, words);
  return true;
}

function answerPreflight(response: ServerResponse): void {
  response.setHeader("Access-Control-Allow-Methods", "GET, POST");
  response.setHeader("Access-Control-Allow-Headers", "content-type, last-event-id");
  response.setHeader("Access-Control-Max-Age", preflightSeconds);
  answerNothing(response);
}

function answerNotAllowed(response: ServerResponse, allowed: string): void {
  response.setHeader("Allow", allowed);
  answerWords(response, 405, `only ${allowed}`);
}

function answerUnavailable(response: ServerResponse, words: string): void {
  response.setHeader("Retry-After", retryAfterSeconds);
  answerWords(response, 503, words);
}

/** Whether `number` is one the client may have read up to; if not, it was told. */
function acknowledged(session: HttpSession, number: number | undefined, response: ServerResponse): number is number {
  if (number !== undefined && session.acknowledge(number)) return true;
  if (session.farewell) sayFarewell(session, session.farewell, response);
  else answerWords(response, 409, "what follows that frame is no longer here, or the frame was not sent yet");
  return false;
}

function sayFarewell(session: HttpSession, farewell: Farewell, response: ServerResponse): void {
  response.once("finish", () => session.terminate());
  answerFarewell(response, farewell);
}

function numberIn(text: string | string[] | null | undefined): number | undefined {
  return typeof text === "string" && /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
