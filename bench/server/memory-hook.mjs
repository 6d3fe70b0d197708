/** Loaded into a server with --expose-gc --import: answers every IPC message with what is left after a full collection. */
import { setTimeout as pause } from "node:timers/promises";
import { isMainThread } from "node:worker_threads";

// Worker threads inherit --import.
if (isMainThread && process.send) {
  process.on("message", async () => {
    // Finalizers of one collection free what the next one finds.
    for (let pass = 0; pass < 3; pass += 1) {
      globalThis.gc?.();
      await pause(20);
    }
    process.send?.(process.memoryUsage());
  });
  // The channel shall not keep a server alive that wants to end.
  process.channel?.unref();
}
