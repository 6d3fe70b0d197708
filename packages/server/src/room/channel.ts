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
  /** Updates in order, all belonging to log entry `seq`. */
  updates(roomNumber: number, seq: number, updates: readonly Uint8Array[]): Uint8Array;
  /** "You have all that was there up to `seq`." */
  synced(roomNumber: number, seq: number): Uint8Array;
  presence(roomNumber: number, awarenessUpdate: Uint8Array): Uint8Array;
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
  /** All updates up to the client's `n`, save rejected ones, have reached `level`. */
  ack(n: number, clock: number, level: AckLevel): void;
  /** What the client may do has changed; `reason` says why it may do less. */
  setAccess(access: Access, reason: string): void;
  reject(n: number, code: CloseCode, reason: string): void;
  /** Ends the membership from the server's side. */
  leave(code: CloseCode, reason: string): void;
}
