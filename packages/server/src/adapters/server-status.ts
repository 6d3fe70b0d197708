/** What a server says of itself over HTTP. */
export interface ServerStatus {
  readonly version: string;
  readonly connectionCount: number;
  readonly roomCount: number;
  /** False while the store refuses writes or the server is shutting down: send new clients elsewhere. */
  readonly isReady: boolean;
}
