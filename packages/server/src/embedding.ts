/**
 * `@syncline/server/engine`: the server without its sockets, threads and files, for who brings their own. The test suite
 * simulates whole networks and disks with it. What it exports may change with any version.
 */
export { frameBinary } from "./adapters/frame.js";
export type { Authorization, AuthorizeRequest } from "./connection/authorize.js";
export { connect } from "./connection/connect.js";
export type { Connection, Framing, Transport } from "./connection/transport.js";
export { Engine, type EngineOptions, type Workers } from "./engine.js";
export type { Logger } from "./logger.js";
export { resolveOptions } from "./options.js";
export { assertFormat } from "./storage/format.js";
export type { Bounds, Entry, KeyRange, KeyValueStore, WriteBatch } from "./storage/key-value.js";
export { KeyValueStorage, type KeyValueStorageOptions } from "./storage/key-value-storage.js";
export { LevelKeyValueStore, openLevelDatabase } from "./storage/level.js";
export { MemoryKeyValueStore } from "./storage/memory.js";
export type { Timers } from "./timers.js";
export { compact } from "./worker/compact.js";
export { diff } from "./worker/diff.js";
export { WorkerError } from "./worker/error.js";
export type { Pieces, RootCheck, RootCheckRequest, TrialRequest, TrialResult } from "./worker/jobs.js";
export { scanLarge } from "./worker/large-update.js";
export { salvage } from "./worker/salvage.js";
export { Trials } from "./worker/trial.js";
