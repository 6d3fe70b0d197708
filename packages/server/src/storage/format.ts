/** What a store says it is, and how one of an earlier format becomes one of the present. */
import { SynclineError } from "../error.js";
import { formatVersion, seal, unseal } from "./envelope.js";
import type { KeyValueStore } from "./key-value.js";
import { formatKey } from "./layout.js";

const formatText = "syncline level store";

/** The value that says which format a store has keeps its own for ever, so that every version can read what it says. */
const formatOfTheFormat = 1;

/**
 * Steps from each format to the next; `upgrades[0]` makes 2 of 1. A step may be interrupted and run again: the format is
 * written after it.
 */
const upgrades: readonly ((store: KeyValueStore) => Promise<void>)[] = [
  // 2 adds tombstones and quarantines, which a server of format 1 would not heed. The values of 1 are read as they are.
  async () => undefined,
  // 3 adds claims, which a server of format 2 would neither heed nor make.
  async () => undefined,
];

/**
 * Writes the format into an empty store, brings one of an earlier format up to the present, refuses all others.
 *
 * @throws {SynclineError} `data-format`, naming `where`
 */
export async function assertFormat(store: KeyValueStore, where: string): Promise<void> {
  const found = await readFormat(store);
  if (found === undefined) {
    await assertOursOrEmpty(store, where);
    return writeFormat(store);
  }
  const version = versionIn(found);
  if (version === formatVersion) return;
  if (version === undefined || version > formatVersion) {
    const message = `${where} has format "${found}", this server reads up to "${formatText} ${formatVersion}"; use the version that wrote it, or a later one`;
    throw new SynclineError("data-format", message);
  }
  for (const upgrade of upgrades.slice(version - 1)) await upgrade(store);
  await writeFormat(store);
}

/** Damage may have taken what says that it is ours; then a value that is sealed under its key says so, too. */
async function assertOursOrEmpty(store: KeyValueStore, where: string): Promise<void> {
  let firstKey: Uint8Array | undefined;
  for await (const [[key, value] = []] of store.entries({}, 1)) {
    if (!key || !value) continue;
    // The format's own, where that is what is damaged.
    if (key.length === 1) continue;
    firstKey ??= key;
    if (isSealed(key, value)) return;
  }
  if (!firstKey) return;
  const message = `${where} is a LevelDB of another program (first key ${describeKey(firstKey)}); choose another`;
  throw new SynclineError("data-format", message);
}

function isSealed(key: Uint8Array, value: Uint8Array, newestVersion = formatVersion): boolean {
  try {
    unseal(key, value, newestVersion);
    return true;
  } catch {
    return false;
  }
}

/** `undefined` when there is none, or it is damaged. */
async function readFormat(store: KeyValueStore): Promise<string | undefined> {
  const stored = await store.get(formatKey);
  if (stored === undefined || !isSealed(formatKey, stored, 255)) return undefined;
  return new TextDecoder().decode(unseal(formatKey, stored, 255));
}

async function writeFormat(store: KeyValueStore): Promise<void> {
  const batch = store.batch();
  const text = new TextEncoder().encode(`${formatText} ${formatVersion}`);
  batch.put(formatKey, seal(formatKey, [text], formatOfTheFormat));
  await batch.write({ sync: true });
}

function versionIn(found: string): number | undefined {
  const digits = new RegExp(`^${formatText} (\\d+)$`).exec(found)?.[1];
  return digits === undefined || digits === "0" ? undefined : Number(digits);
}

function describeKey(key: Uint8Array): string {
  return JSON.stringify(new TextDecoder().decode(key.subarray(0, 20)));
}
