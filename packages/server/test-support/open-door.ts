/** What adapters ask before they let somebody in, made so that everybody is. For tests. */
import { FrontDoor, type FrontDoorOptions } from "../src/adapters/front-door.js";
import { silentLogger } from "../src/logger.js";
import { Refusals } from "../src/refusals.js";
import { systemTimers } from "../src/timers.js";

export const noRefusals = () => new Refusals(silentLogger, systemTimers);

export function openDoor(options: Partial<FrontDoorOptions> = {}): FrontDoor {
  return new FrontDoor({
    allowedOrigins: ["*"],
    trustedProxies: [],
    isForThisMachine: false,
    keepsHeaders: false,
    limits: { maxConnections: 1_000, maxStrangersPerAddress: 1_000, connectsPerSecond: 1_000, connectBurst: 1_000 },
    connectionCount: () => 0,
    refusals: noRefusals(),
    timers: systemTimers,
    ...options,
  });
}
