/** What a connection needs of what carries it: a WebSocket today. Knows no dialect. */
import type { CloseCode } from "@syncline/protocol";

/** Who is at the other end, as far as the network says. Nothing of it was checked but the address. */
export interface Peer {
  /** The client's IP address, as trusted proxies report it where there are any; `""` when it is not known. */
  readonly address: string;
  /** Of the request that brought the client here, names in lower case. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

export const nobodyKnown: Peer = Object.freeze({ address: "", headers: Object.freeze({}) });

export interface Transport {
  readonly peer: Peer;
  /** The client was let into a document: it is no stranger any more. Calls after the first change nothing. */
  welcomed(): void;
  /** What was sent and has not yet left the process. */
  readonly unsentBytes: number;
  /** Sends frames made by the transport's `Framing`. The bytes may be shared with other transports. */
  send(frames: Uint8Array): void;
  /** Resolves once little is unsent, at once if it is so already, or when the transport has closed. */
  drained(): Promise<void>;
  /** Stops reading until the returned function, and that of every other hold, was called. */
  holdReading(): () => void;
  /** Asks the other end for a sign of life; any answer counts as having heard from it. */
  ping(): void;
  /** Says why, then closes. Frames sent after this are dropped. */
  close(code: CloseCode, reason: string): void;
  /** Closes without another word. */
  terminate(): void;
  /** When something was last received, on the server's clock; now, while reading is held. */
  readonly lastHeardMs: number;
  /** When a frame was last sent, on the server's clock. */
  readonly lastSentMs: number;
}

/** Puts each payload into a frame of its own; all frames follow one another in one array, ready for `Transport.send`. */
export type Framing = (payloads: readonly Uint8Array[]) => Uint8Array;

/** What a transport needs of the connection it carries. */
export interface Connection {
  /** A binary frame has arrived. Nobody changes the bytes; they may be a view into a larger buffer. */
  receive(frame: Uint8Array): void;
  /** The transport is gone, whoever closed it. */
  closed(): void;
  /** The server is about to stop: says so, and that clients come back within `reconnectAfterMs`, where the dialect has words for it. */
  goAway(reconnectAfterMs: number, reason: string): void;
  /** Called about every second: for heartbeats. */
  tick(nowMs: number): void;
}
