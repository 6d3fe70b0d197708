/** Tests of what the targets ask: a server that does wrong is found out, and within few inputs. */
import { compact, type Workers } from "@syncline/server/engine";
import { expect, test } from "vitest";
import { InlineWorkers } from "../../support/inline-workers.js";
import { Player } from "./player.js";
import { Tape } from "./tape.js";
import type { Target } from "./target.js";
import { createUpdatesTarget } from "./updates-target.js";

const inputCount = 60;

async function firstViolation(target: Target): Promise<string | undefined> {
  const player = new Player(target);
  try {
    for (let seed = 1; seed <= inputCount; seed++) {
      const error = await player.play(new Tape(seed), `${seed}`);
      if (error) return error.message;
    }
    return undefined;
  } finally {
    await player.stop();
  }
}

/** Each snapshot lacks its last segment. */
class ForgetfulWorkers extends InlineWorkers {
  override readonly compact: Workers["compact"] = async (pieces) => {
    const list: Uint8Array[] = [];
    for await (const piece of pieces) list.push(piece);
    const compacted = compact(list, { maxSegmentBytes: 300 });
    return { ...compacted, segments: compacted.segments.slice(0, -1) };
  };
}

/** Refuses whatever is tried. */
class RefusingWorkers extends InlineWorkers {
  override readonly trial: Workers["trial"] = async () => ({ kind: "refused", reason: "threw", detail: "no reason" });
}

test("a compaction that loses something is found", { timeout: 120_000 }, async () => {
  expect(await firstViolation(createUpdatesTarget({ workers: new ForgetfulWorkers() }))).toMatch(
    /another document|leans on|is missing|rejects|damaged|complains/,
  );
});

test("a server that refuses an honest editor is found", { timeout: 120_000 }, async () => {
  expect(await firstViolation(createUpdatesTarget({ workers: new RefusingWorkers() }))).toMatch(/editor \d+/);
});
