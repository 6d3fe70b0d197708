/** What a crash is tried on: a pane. */
import type { SynclineProvider } from "@syncline/client";
import type * as Y from "yjs";

export interface CrashSubject {
  readonly provider: SynclineProvider;
  readonly doc: Y.Doc;
  /** The visitor wants it offline: it is not connected again after the crash. @default what it was before */
  readonly isSwitchedOff?: boolean;
}
