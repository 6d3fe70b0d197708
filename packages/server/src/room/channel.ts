/**
 * What a room needs of the client at the other end. `connection/` implements it, a dialect at a time; a room neither
 * knows which dialect that is nor what carries it.
 */
import type { Access, AckLevel, CloseCode } from "@syncline/protocol";

/**
 * How one kind of client is written to: the dialect's messages in the transport's frames. One object serves all channels
 * of its kind, so that a room encodes once per kind, not once per member.
 */
export interface Wire {
  /**
   * Updates in order. Until the client has the last of them it has no more of the log than what `span` follows. What several
   * calls made may be sent as one array, one after the other.
   */
  updates(roomNumber: number, span: LogSpan, updates: readonly Uint8Array[]): Uint8Array;
  /** "You have all that was there up to `seq`." */
  synced(roomNumber: number, seq: number): Uint8Array;
  presence(roomNumber: number, awarenessUpdate: Uint8Array): Uint8Array;
  /** `undefined`: clients of this kind know no application events. */
  event(roomNumber: number, event: ApplicationEvent): Uint8Array | undefined;
}

/** The records after `after`, up to `upTo`. Updates that are sent ahead of their record have a span of none. */
export interface LogSpan {
  readonly after: number;
  readonly upTo: number;
}

/** What an application says to the others in the room. Never stored; what it means is the application's business. */
export interface ApplicationEvent {
  readonly kind: number;
  readonly payload: Uint8Array;
}

/** One client in one room, seen from the room. All calls after `leave` or the client's own going are ignored. */
export interface Channel {
  readonly wire: Wire;
  /** What was sent and has not yet left the process. */
  readonly unsentBytes: number;
  /** Bytes made by `wire`. They are shared between members and must not be changed. */
  send(bytes: Uint8Array): void;
  /** Resolves once little enough is unsent to go on, at once if it is so already, or when the client is gone. */
  drained(): Promise<void>;
  /** Stops reading from the client until the returned function is called. What it sends meanwhile waits in the network. */
  holdReading(): () => void;
  /** Asks for everything beyond `stateVector`: an update leaned on something that is not here. */
  ask(stateVector: Uint8Array): void;
  /**
   * All updates up to the client's `n`, save rejected ones, have reached `level`. The client was sent, or wrote itself, all of
   * the log up to `seq`; 0: it is not said.
   */
  ack(n: number, clock: number, level: AckLevel, seq: number): void;
  /** What the client may do has changed; `reason` says why it may do less. */
  setAccess(access: Access, reason: string): void;
  /** Update `n` was not taken. With 0 it is not said which: the client is told that there was one, and stays. */
  reject(n: number, code: CloseCode, reason: string): void;
  /** Ends the membership from the server's side. */
  leave(code: CloseCode, reason: string): void;
}
