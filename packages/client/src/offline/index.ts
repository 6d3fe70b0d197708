export type { LocalCopy, LocalCopyOptions, LocalCopyState, LogPosition, OpenLocalCopy } from "../local-copy.js";
export { clearOffline, indexedDb, type ClearOptions, type OfflineOptions } from "./indexed-db.js";
