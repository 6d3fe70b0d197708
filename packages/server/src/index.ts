export { ProtocolError } from "@syncline/protocol";
export type { Respond } from "./adapters/responder.js";
export { jwtAuthorize, type JwtAuthorizeOptions } from "./auth/jwt.js";
export { signedLinkAuthorize, type SignedLinkOptions } from "./auth/signed-link.js";
export type { DocumentClaim, DocumentClaims } from "./auth/claims.js";
export { NotAuthorized, type Authorization, type Authorize, type AuthorizeRequest } from "./connection/authorize.js";
export type { CheckReport, Documents, DocumentReport, DocumentSummary, ImportReport } from "./documents/documents.js";
export { SynclineError, type SynclineErrorCode } from "./error.js";
export type { Logger } from "./logger.js";
export type { ServerLimits, ServerOptions } from "./options.js";
export { startServer, type SynclineServer } from "./server.js";
export { LevelStorage, type LevelStorageOptions } from "./storage/level.js";
export { MemoryStorage } from "./storage/memory.js";
export type {
  AppendEntry,
  BackupProgress,
  Claim,
  Durability,
  LogRecord,
  Pointer,
  QuarantineEntry,
  Repair,
  SegmentInfo,
  Snapshot,
  Storage,
  StoredPiece,
  Tombstone,
} from "./storage/storage.js";
export type { Timers } from "./timers.js";
export { version } from "./version.js";
