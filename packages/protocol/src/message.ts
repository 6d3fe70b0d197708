/**
 * The messages of the syncline dialect, as values. Who may send which, and when, is docs/PROTOCOL.md.
 * Bytes in a decoded message are views into the frame it came in.
 */

/**
 * What a client may do in a document. Numbers are in the order in which levels were added, not of what they allow; a client
 * treats one that it does not know as read.
 */
export type Access = 0 | 1 | 2 | 3 | 4;
export const access = {
  none: 0,
  read: 1,
  write: 2,
  /** See who is there, and be seen; nothing of the content. */
  presence: 3,
  /** Read everything, and write to some of the root types. */
  comment: 4,
} as const satisfies Record<string, Access>;

/** Whether `level` lets a client have the content. */
export function mayRead(level: number): boolean {
  return level === access.read || mayWrite(level);
}

/** Whether `level` lets a client send updates; of which root types is another question. */
export function mayWrite(level: number): boolean {
  return level === access.write || level === access.comment;
}

/** 1 received: kept if the server lives. 2 durable: kept if the server's machine loses power. */
export type AckLevel = 1 | 2;
export const ackLevel = { received: 1, durable: 2 } as const satisfies Record<string, AckLevel>;

/** What a client already holds of a document it opens. */
export type Have =
  | { readonly kind: "state-vector"; readonly stateVector: Uint8Array }
  /** Everything up to `seq` of the generation it names. */
  | { readonly kind: "resume"; readonly seq: number };

export interface Hello {
  readonly type: "hello";
  readonly version: number;
  /** `""` for none. */
  readonly token: string;
  /** Client library and version, for logs: `"@syncline/client 0.1.0"`. */
  readonly client: string;
}

export interface Welcome {
  readonly type: "welcome";
  readonly version: number;
  readonly connectionId: string;
  /** How often the server pings; a client that hears nothing for twice as long may hang up. */
  readonly heartbeatMs: number;
  readonly maxMessageBytes: number;
  readonly server: string;
}

export interface Open {
  readonly type: "open";
  readonly requestId: number;
  readonly documentName: string;
  /** `""`: the connection's own. */
  readonly token: string;
  /** The client's `doc.clientID`; acks report the server's clock for it. */
  readonly clientId: number;
  /** The generation the client's content belongs to, `""` when it has none yet. */
  readonly generation: string;
  readonly have: Have;
}

export interface Opened {
  readonly type: "opened";
  readonly requestId: number;
  /** The number the server gave the document, the same for every client. */
  readonly room: number;
  readonly access: number;
  readonly generation: string;
  /** The log's last seq; 0 when nothing was ever written (then `generation` is not binding yet). */
  readonly seq: number;
  /** What the server has. Empty, not even a count, in answer to a resume: then the client sends what was not acknowledged. */
  readonly stateVector: Uint8Array;
}

export interface Refused {
  readonly type: "refused";
  readonly requestId: number;
  readonly code: number;
  readonly reason: string;
}

export interface Update {
  readonly type: "update";
  readonly room: number;
  /** From a client: its own counter for this document, 1, 2, 3 … From a server: the log's seq. */
  readonly n: number;
  readonly update: Uint8Array;
}

export interface Synced {
  readonly type: "synced";
  readonly room: number;
  readonly seq: number;
}

export interface Ack {
  readonly type: "ack";
  readonly room: number;
  readonly n: number;
  readonly clock: number;
  readonly level: number;
  /** The client has, or wrote, all of the log up to here: it may resume from it. 0 when the server does not say. */
  readonly seq: number;
}

export interface Reject {
  readonly type: "reject";
  readonly room: number;
  readonly n: number;
  readonly code: number;
  readonly reason: string;
}

export interface AwarenessMessage {
  readonly type: "awareness";
  readonly room: number;
  readonly update: Uint8Array;
}

/** From the application to the other members' applications; not stored, and lost for who is not there. */
export interface EventMessage {
  readonly type: "event";
  readonly room: number;
  /** Text as UTF-8, or bytes as they are. */
  readonly kind: number;
  readonly payload: Uint8Array;
}

export const eventKind = { bytes: 0, text: 1 } as const;

export interface Close {
  readonly type: "close";
  readonly room: number;
  readonly code: number;
  readonly reason: string;
}

/** What this client may do in the room changed while it is open there. */
export interface AccessMessage {
  readonly type: "access";
  readonly room: number;
  readonly access: number;
  /** A sentence for a person. `""` when there is nothing to explain. */
  readonly reason: string;
  /** The root types that may be written to, as a JSON list of names; `""`: all that `access` allows. */
  readonly roots: string;
}

/** From a server: the token runs out in `expiresInMs`. From a client: a fresh one, `expiresInMs` 0. */
export interface TokenMessage {
  readonly type: "token";
  readonly token: string;
  readonly expiresInMs: number;
}

/** The server drains: the client comes back by itself, some time up to `reconnectAfterMs` from now. */
export interface GoAway {
  readonly type: "goaway";
  readonly reconnectAfterMs: number;
  readonly reason: string;
}

export interface Ping {
  readonly type: "ping";
  readonly n: number;
}

export interface Pong {
  readonly type: "pong";
  readonly n: number;
}

export type Message =
  | Hello
  | Welcome
  | Open
  | Opened
  | Refused
  | Update
  | Synced
  | Ack
  | Reject
  | AwarenessMessage
  | EventMessage
  | Close
  | TokenMessage
  | AccessMessage
  | Ping
  | Pong
  | GoAway;
