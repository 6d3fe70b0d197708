/** How a document stands, as one value for user interfaces. */
import type { DocumentAccess } from "./access.js";
import type { TransportKind } from "./carriers.js";
import type { ConnectionStatus } from "./connection-state.js";
import type { RejectedUpdate } from "./rejected-update.js";
import type { SynclineError } from "./error.js";
import type { LocalCopyState } from "./local-copy.js";
import type { SaveState } from "./pending.js";

export interface ProviderStatus extends SaveState {
  readonly connection: ConnectionStatus;
  /** What carries the connection, or did last: something else than a WebSocket where none can be had. */
  readonly transport: TransportKind;
  readonly access: DocumentAccess;
  /** Whether everything the server had at the opening has arrived, on the present connection. */
  readonly synced: boolean;
  /** What the copy kept in this browser is doing; `off` where none is kept. */
  readonly offline: LocalCopyState | "off";
  /** What the server did not take and never will. */
  readonly rejected: RejectedUpdate | undefined;
  /** The last thing that failed, whether or not it was dealt with since. */
  readonly lastError: SynclineError | undefined;
}

/** `before` when nothing has changed: who compares by identity sees a change only where there is one. */
export function latest(before: ProviderStatus | undefined, now: ProviderStatus): ProviderStatus {
  if (!before) return now;
  const names = Object.keys(now) as (keyof ProviderStatus)[];
  return names.every((name) => before[name] === now[name]) ? before : now;
}
