export { SynclineError, type SynclineErrorCode } from "./error.js";
export type { Logger } from "./logger.js";
export type { ServerLimits, ServerOptions } from "./options.js";
export { startServer, type SynclineServer } from "./server.js";
export { LevelStorage, type LevelStorageOptions } from "./storage/level.js";
export { MemoryStorage } from "./storage/memory.js";
export type { AppendEntry, Durability, LogRecord, Pointer, SegmentInfo, Snapshot, Storage } from "./storage/storage.js";
export type { Timers } from "./timers.js";
export { version } from "./version.js";
