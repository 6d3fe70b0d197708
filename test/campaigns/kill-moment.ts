/** When a server is killed: chosen by chance, but where it could hurt. */
import type { Random } from "../fixtures/random.js";
import type { ArmedDeath } from "./server-process.js";

export type KillMoment =
  | { readonly kind: "any"; readonly afterMs: number }
  /** In the middle of an operation of the store, or right after it. */
  | { readonly kind: "store"; readonly death: ArmedDeath }
  /** The moment a client is told something for the nth time. */
  | { readonly kind: "told"; readonly what: "durable" | "seen"; readonly nth: number }
  /** The moment somebody's `whenDurable` resolves. */
  | { readonly kind: "saved"; readonly afterMs: number }
  /** While documents are being let go, because everybody has left them. */
  | { readonly kind: "unload"; readonly afterMs: number; readonly killAfterMs: number }
  /** After SIGTERM, while the server puts things in order. */
  | { readonly kind: "shutdown"; readonly afterMs: number; readonly killAfterMs: number }
  /** While a document is deleted or made anew, or shortly after. */
  | {
      readonly kind: "delete" | "recreate";
      readonly afterMs: number;
      /** After it was asked for, or after it was reported done. */
      readonly killAfterMs: number;
      readonly whenDone: boolean;
      readonly death: ArmedDeath | undefined;
    };

export type DeletionMoment = Extract<KillMoment, { kind: "delete" | "recreate" }>;

export interface MomentChoices {
  /** How long an operation of the store takes here: a kill is to hit the middle of it. */
  readonly durations: ReadonlyMap<string, number>;
  readonly canDelete: boolean;
  readonly canRecreate: boolean;
}

export function chooseKillMoment(random: Random, { durations, canDelete, canRecreate }: MomentChoices): KillMoment {
  if (canRecreate && random.chance(0.5)) return deletion("recreate", random, durations);
  if (canDelete && random.chance(0.15)) return deletion("delete", random, durations);
  const dice = random.int(100);
  if (dice < 25) return { kind: "any", afterMs: random.int(700) };
  if (dice < 60) return { kind: "store", death: storeDeath(random, durations) };
  if (dice < 72) return { kind: "told", what: random.chance(0.7) ? "durable" : "seen", nth: 1 + random.int(200) };
  if (dice < 79) return { kind: "saved", afterMs: random.int(400) };
  if (dice < 89) return { kind: "unload", afterMs: random.int(400), killAfterMs: random.int(50) };
  return { kind: "shutdown", afterMs: random.int(400), killAfterMs: random.int(50) };
}

/** Before a server that was killed is asked what it has: it is killed again while it finds out. */
export function chooseReplayDeath(random: Random): ArmedDeath {
  const operation = random.pick(["readPointer", "readRecords", "readContents", "replaceSnapshot"]);
  return { operation, edge: random.pick(["begins", "ends"]), nth: 1 + random.int(5), afterMicros: random.int(5_000) };
}

function storeDeath(random: Random, durations: ReadonlyMap<string, number>): ArmedDeath {
  if (random.chance(0.2)) {
    // What follows an operation: acks and relays, or the first write over a new snapshot.
    const operation = random.pick(["append", "replaceSnapshot"]);
    return { operation, edge: "ends", nth: 1 + random.int(10), afterMicros: random.int(2_000) };
  }
  const operation = random.chance(0.3) ? "append" : "replaceSnapshot";
  const nth = 1 + random.int(operation === "append" ? 60 : 3);
  return { operation, edge: "begins", nth, afterMicros: within(operation, random, durations) };
}

function deletion(kind: "delete" | "recreate", random: Random, durations: ReadonlyMap<string, number>): DeletionMoment {
  const operation = kind === "delete" ? "deleteDocument" : "createDocument";
  const death: ArmedDeath = { operation, edge: "begins", nth: 1, afterMicros: within(operation, random, durations) };
  const dice = random.int(100);
  const afterMs = random.int(300);
  if (dice < 40) return { kind, afterMs, killAfterMs: 1_000, whenDone: false, death };
  return { kind, afterMs, killAfterMs: random.int(20), whenDone: dice < 85, death: undefined };
}

/** A moment while `operation` runs, if it takes as long as the last time, or any: 50 µs to 30 ms, short ones as often as long ones. */
function within(operation: string, random: Random, durations: ReadonlyMap<string, number>): number {
  const lastTook = durations.get(operation);
  if (lastTook !== undefined && random.chance(0.6)) return random.int(1.1 * lastTook);
  return Math.round(50 * 600 ** (random.int(1_000) / 1_000));
}
