/** What a seed decides before anything happens: how many there are of everything, small limits, and what will go wrong. */
import { resolveOptions } from "@syncline/server/engine";
import type { Random } from "../fixtures/random.js";
import { between, streamOf, weighted } from "./chance.js";
import type { PeopleConfig } from "./people.js";

export type ServerLimits = ReturnType<typeof resolveOptions>["limits"];

/** Something is broken on purpose, to see that it is found. */
export type Sabotage = "lying disk" | "early acks";

export interface ServerConfig {
  readonly relay: "durable" | "immediate";
  readonly limits: ServerLimits;
  readonly maxSegmentBytes: number;
  /** What may be unsent to one client, at the very most. */
  readonly unsentLimitBytes: number;
  /** What may wait for the disk, at the very most. */
  readonly backlogLimitBytes: number;
  readonly sabotage: Sabotage | undefined;
  /** Stored values may be damaged: what was acknowledged may be lost then, everything else holds. */
  readonly isCorrupting: boolean;
}

export type Action =
  | "edit"
  | "paste"
  | "burst"
  | "presence"
  | "arrive"
  | "leave"
  | "return"
  | "reload"
  | "vanish"
  | "cut"
  | "silence"
  | "slow"
  | "crash"
  | "restart"
  | "refusing disk"
  | "failing reads"
  | "stalling disk"
  | "dying workers"
  | "delete"
  | "recreate"
  | "import"
  | "repair"
  | "export"
  | "demote"
  | "promote"
  | "flip a bit";

export interface WorldConfig {
  readonly seed: number;
  readonly server: ServerConfig;
  readonly people: PeopleConfig;
  readonly serverCount: number;
  readonly documentCount: number;
  readonly clientCount: number;
  readonly actionCount: number;
  /** Between two actions, on average. */
  readonly pauseMs: number;
  readonly weights: Readonly<Partial<Record<Action, number>>>;
}

const KiB = 1024;

/** The largest message that clients here send, and what is put around it. */
export const largestMessageBytes = 120 * KiB;

const quiet: WorldConfig["weights"] = {
  edit: 100,
  paste: 1,
  burst: 3,
  presence: 8,
  arrive: 4,
  leave: 3,
  return: 6,
  reload: 3,
};
const trouble: Readonly<Record<string, WorldConfig["weights"]>> = {
  network: { vanish: 2, cut: 10, silence: 6, slow: 4 },
  disk: { "refusing disk": 6, "failing reads": 4, "stalling disk": 4, "dying workers": 3 },
  crashes: { crash: 8, restart: 4 },
  lifecycle: { delete: 3, recreate: 5, import: 2, repair: 2, export: 2 },
};

export function configOf(seed: number, sabotage?: Sabotage): WorldConfig {
  const random = streamOf(seed, "config");
  const isCorrupting = sabotage === undefined && random.chance(0.06);
  const kinds = Object.keys(trouble).filter(() => random.chance(0.6));
  if (sabotage) kinds.push("crashes");
  const weights = Object.assign({}, quiet, ...kinds.map((kind) => trouble[kind])) as Partial<Record<Action, number>>;
  if (isCorrupting) weights["flip a bit"] = 5;
  const server = serverConfig(random, { sabotage, isCorrupting });
  const people = peopleConfig(streamOf(seed, "people"), server);
  if (people.changesMind) Object.assign(weights, { demote: 4, promote: 5 });
  return {
    seed,
    server,
    people,
    serverCount: Number(weighted(random, { "1": 6, "2": 3, "3": 1 })),
    documentCount: 1 + random.int(4),
    clientCount: 2 + random.int(7),
    actionCount: 20 + random.int(130),
    pauseMs: between(random, 20, 400),
    weights,
  };
}

/** Where something may be lost that others have seen, those bring it back under ids that are not theirs: there nobody is known. */
function peopleConfig(random: Random, { relay, isCorrupting }: ServerConfig): PeopleConfig {
  const losesNothing = relay === "durable" && !isCorrupting;
  const areKnown = losesNothing && random.chance(0.5);
  return { areKnown, readerShare: random.pick([0, 0, 0.3]), changesMind: random.chance(0.3) };
}

function serverConfig(random: Random, broken: Pick<ServerConfig, "sabotage" | "isCorrupting">): ServerConfig {
  const relay = random.chance(0.65) ? "durable" : "immediate";
  const maxUnsentBytes = random.pick([4, 64, 1024]) * KiB;
  const maxBacklogBytes = random.pick([1, 16, 1024]) * KiB;
  const { limits } = resolveOptions({
    limits: {
      maxUnsentBytes,
      maxBacklogBytes,
      tailCacheBytes: random.pick([256, 4 * KiB, 1024 * KiB]),
      segmentCacheBytes: random.pick([512, 64 * KiB, 1024 * KiB]),
      compactAboveBytes: random.pick([300, 2 * KiB, 64 * KiB]),
      unloadAfterMs: random.pick([0, 200, 5_000]),
      readOnlyAllowanceMs: random.pick([300, 3_000, 10_000]),
      lagAllowanceMs: random.pick([3_000, 30_000]),
      heartbeatMs: random.pick([4_000, 15_000]),
      commitIntervalMs: random.pick([0, 4, 40]),
    },
  });
  return {
    relay,
    limits,
    maxSegmentBytes: random.pick([2 * KiB, 64 * KiB, 1024 * KiB]),
    // One message more than the limit is passed on, and a catch-up sends pieces of 64 KiB, an update or a segment more.
    unsentLimitBytes: maxUnsentBytes + 64 * KiB + 3 * largestMessageBytes,
    // Each of those who add to it may have had one message read when it was full already.
    backlogLimitBytes: maxBacklogBytes + 12 * largestMessageBytes,
    ...broken,
  };
}
