/** What a server says of itself over HTTP. */
export interface ServerStatus {
  readonly version: string;
  /** WebSockets and sessions over HTTP. */
  readonly connectionCount: number;
  /** Sessions over SSE and long polling: of clients that cannot have a WebSocket. */
  readonly httpSessionCount: number;
  readonly roomCount: number;
  /** Documents in use of which something was damaged and set aside. */
  readonly degradedRoomCount: number;
  /** Documents in use that take no edits because the store refuses writes. */
  readonly readOnlyRoomCount: number;
  /** Admitted and not on disk yet. */
  readonly backlogBytes: number;
  readonly isStoreHealthy: boolean;
  /** False while the store refuses writes or the server is shutting down: send new clients elsewhere. */
  readonly isReady: boolean;
}

/** What somebody should look at, a sentence each; the server works on all the same. */
export function remarksOn({ degradedRoomCount, readOnlyRoomCount }: ServerStatus): string[] {
  const remarks: string[] = [];
  if (degradedRoomCount > 0) {
    remarks.push(
      `degraded documents in use: ${degradedRoomCount}; something was damaged and set aside, see syncline list`,
    );
  }
  if (readOnlyRoomCount > 0) {
    remarks.push(`read-only documents in use: ${readOnlyRoomCount}; the store refuses writes`);
  }
  return remarks;
}
