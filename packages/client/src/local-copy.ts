/** A copy of a document that this browser keeps, as the provider sees it: `@syncline/client/offline` is one. */
import type * as Y from "yjs";
import type { SynclineError } from "./error.js";

/** Up to where in a document's log a copy has everything. */
export interface LogPosition {
  /** The generation the content belongs to. */
  readonly generation: string;
  /** 0: content of that generation, but not known up to where. */
  readonly seq: number;
}

export type LocalCopyState =
  /** What is stored is being read into the document. */
  | "loading"
  /** The document has what is not stored yet. */
  | "saving"
  | "saved"
  /** Nothing is stored any more; the document goes on in memory. The error said why. */
  | "failed";

export interface LocalCopy {
  readonly state: LocalCopyState;
  /**
   * Resolves once what was stored is in the document, with the position it was stored at; `undefined` when nothing was stored or it
   * cannot be read. Never rejects, and never waits for a database that does not open: the document is edited and synced
   * meanwhile, and without it.
   */
  readonly loaded: Promise<LogPosition | undefined>;
  /** The document has everything up to `position`: stored, too, after all that the document holds at this moment. */
  remember(position: LogPosition): void;
  /** Resolves when everything the document holds at this moment is stored, or is known never to be. Never rejects. */
  flush(): Promise<void>;
  /** Forgets what is stored, and stores what the document holds now. */
  restart(): Promise<void>;
  /** Stores what there is to store and lets go of the database. */
  destroy(): Promise<void>;
}

export interface LocalCopyOptions {
  readonly doc: Y.Doc;
  readonly documentName: string;
  /** Of the server, as the application gave it. */
  readonly serverUrl: string;
  readonly onState: (state: LocalCopyState) => void;
  readonly onError: (error: SynclineError) => void;
}

export type OpenLocalCopy = (options: LocalCopyOptions) => LocalCopy;
