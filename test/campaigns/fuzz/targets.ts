/** All there is to fuzz. */
import { connectionsTarget } from "./connections-target.js";
import { framesTarget } from "./frames-target.js";
import { presenceTarget } from "./presence-target.js";
import { createStorageTarget } from "./storage-target.js";
import type { Target } from "./target.js";
import { createUpdatesTarget } from "./updates-target.js";

export const targets: readonly Target[] = [
  framesTarget,
  createUpdatesTarget(),
  presenceTarget,
  createStorageTarget(),
  connectionsTarget,
];
