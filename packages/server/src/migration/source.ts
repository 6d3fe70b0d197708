/** Another system that documents are brought from. Sources read; what becomes of the documents is the importer's part. */

/**
 * A document in another system: its name there, and its content as Yjs v1 updates in the order they were stored (any of
 * which may be damaged or lean on something missing: the importer deals with that).
 */
export interface SourceDocument {
  readonly name: string;
  readonly updates: readonly Uint8Array[];
}

/** Holds one document in memory at a time. Nothing is changed or created where the documents come from. */
export interface MigrationSource {
  /** How many documents there are, where that is known beforehand: for progress. */
  readonly documentCount: number | undefined;
  /** All documents, each once. Ends early when its consumer stops. */
  documents(): AsyncIterable<SourceDocument>;
  /** Releases files and sockets; the second call does nothing. */
  close(): Promise<void>;
}
