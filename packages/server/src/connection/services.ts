/** What all connections of a server share. Wired in server.ts. */
import type { Refusals } from "../refusals.js";
import type { Wire } from "../room/channel.js";
import type { Rooms } from "../room/rooms.js";
import type { Timers } from "../timers.js";
import type { AgreedRates } from "./agreed-rates.js";
import type { AuthorizeServices } from "./authorize.js";
import type { EventLimits } from "./event-allowance.js";
import type { Grants } from "./grants.js";
import type { ReadingTurns } from "./reading-turns.js";
import type { Strikes } from "./strikes.js";
import type { Framing } from "./transport.js";

export interface ConnectionServices extends AuthorizeServices {
  readonly rooms: Rooms;
  readonly timers: Timers;
  readonly grants: Grants;
  readonly refusals: Refusals;
  readonly strikes: Strikes;
  readonly readingTurns: ReadingTurns;
  readonly agreedRates: AgreedRates;
  readonly framing: Framing;
  readonly wires: { readonly yWebsocket: Wire; readonly syncline: Wire };
  /** How often a silent client is asked for a sign of life; it is dropped after two such spans. */
  readonly heartbeatMs: number;
  /** How long a syncline client may take for its hello. */
  readonly helloTimeoutMs: number;
  /** How long a y-websocket client may stay in a room that takes no edits. */
  readonly readOnlyAllowanceMs: number;
  readonly maxFrameBytes: number;
  /** The largest message that is worth sending: one that carries the largest update. */
  readonly maxMessageBytes: number;
  readonly maxRoomsPerConnection: number;
  readonly eventLimits: EventLimits;
  /** A random name for a connection. */
  readonly newConnectionId: () => string;
  /** As the welcome names it: "syncline 0.1.0". */
  readonly serverName: string;
}
