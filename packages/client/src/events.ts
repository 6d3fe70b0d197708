/** The events of a provider, by name, as users of y-websocket and Hocuspocus know them, and more. */
import { ObservableV2 } from "lib0/observable";
import type { DocumentAccess } from "./access.js";
import type { CarrierCloseEvent } from "./carrier.js";
import type { ConnectionStatus } from "./connection-state.js";
import type { RejectedUpdate } from "./rejected-update.js";
import type { SynclineError } from "./error.js";
import type { LocalCopyState } from "./local-copy.js";
import type { Pending } from "./pending.js";
import type { ProviderStatus } from "./status.js";

/** Local edits that an acknowledgement newly covers. */
export interface SaveProgress {
  /** How many edits just became so; 0 only for a document that was found to be saved already. */
  readonly count: number;
  /** How many are so by now, as in `saveState`. */
  readonly total: number;
}

/** A permanent close. */
export interface ClosedEvent {
  /** 44xx: PROTOCOL.md has the table. */
  readonly code: number;
  /** A sentence for a person. */
  readonly reason: string;
}

export interface ProviderEvents<Provider> {
  status: (event: { readonly status: ConnectionStatus }) => void;
  /** True when everything the server had has arrived, again after each reconnect; false when the connection goes. */
  sync: (isSynced: boolean) => void;
  /** The same as `sync`. */
  synced: (isSynced: boolean) => void;
  /** What the server lets this client do with the document changed, or its reason did. */
  access: (access: DocumentAccess) => void;
  /** The number of edits that are not durable changed. */
  pending: (pending: Pending) => void;
  /** The same as `pending`, as Hocuspocus says it. */
  unsyncedChanges: (changes: { readonly number: number }) => void;
  /** The server has edits, in memory at least. */
  received: (progress: SaveProgress) => void;
  /** The server has edits on disk. */
  durable: (progress: SaveProgress) => void;
  /**
   * The server did not take edits and never will. They stay in the document, and later ones are not sent, until
   * `revertRejected()`; reading goes on.
   */
  rejected: (rejected: RejectedUpdate) => void;
  /** `revertRejected()` has put the server's content in place: undo stacks refer to what is gone, clear them. */
  reverted: () => void;
  /** Another member's application called `broadcast`. */
  event: (payload: Uint8Array | string) => void;
  /** What is kept in this browser's storage changed, where something is. */
  offline: (state: LocalCopyState) => void;
  /** Closed for good: the provider stays away until `connect()` is called. The last event of this close. */
  closed: (event: ClosedEvent, provider: Provider) => void;
  /** A socket ended; null when this side ended it. */
  "connection-close": (event: CarrierCloseEvent | null, provider: Provider) => void;
  /** Something failed that the provider deals with by itself; for logs. */
  "connection-error": (error: SynclineError, provider: Provider) => void;
  /** `provider.status` is another value. */
  change: (status: ProviderStatus) => void;
  /** Never emitted; Lexical subscribes to it. */
  reload: (doc: unknown) => void;
  /** Never emitted; Lexical subscribes to it. */
  update: (update: unknown) => void;
}

/** Tells the application. */
export type Tell = <Name extends keyof ProviderEvents<unknown>>(
  name: Name,
  ...args: Parameters<ProviderEvents<unknown>[Name]>
) => void;

/** Calls every listener. What one throws is thrown again later, by itself, as the DOM does: the others, and sync, go on. */
export class ProviderEmitter<Provider> extends ObservableV2<ProviderEvents<Provider>> {
  override emit<Name extends keyof ProviderEvents<Provider> & string>(
    name: Name,
    args: Parameters<ProviderEvents<Provider>[Name]>,
  ): void {
    for (const listener of [...(this._observers.get(name) ?? [])]) {
      try {
        listener(...args);
      } catch (error) {
        queueMicrotask(() => {
          throw error;
        });
      }
    }
  }
}
