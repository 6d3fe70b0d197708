/** What a campaign did and found, as numbers and as sentences. */
import type { CampaignDocument } from "./campaign-document.js";
import type { Loss, PromiseCounts } from "./promises.js";
import type { Complaint, End } from "./server-process.js";

/** Where a kill hit, as far as the server had said before it died. One kill may count in several. */
type Hit = "commit" | "snapshot swap" | "load or replay" | "shutdown" | "unload" | "delete or recreate" | "opening";

const hitOfOperation: Readonly<Record<string, Hit>> = {
  append: "commit",
  replaceSnapshot: "snapshot swap",
  readPointer: "load or replay",
  readContents: "load or replay",
  readRecords: "load or replay",
};

export class KillTally {
  /** SIGKILLs of a server that writers could reach. */
  underLoad = 0;
  /** SIGKILLs of a server that was opening the data, or answering its first readers. */
  inReplay = 0;
  cleanShutdowns = 0;
  checkCount = 0;
  compactionCount = 0;
  deleteCount = 0;
  recreateCount = 0;
  readonly losses: (Loss & { readonly afterKill: number; readonly moment: string })[] = [];
  readonly surprises = new Set<string>();
  readonly #hits = new Map<Hit, number>();
  readonly #complaints = new Map<string, number>();
  readonly #startedAt = performance.now();

  get killCount(): number {
    return this.underLoad + this.inReplay;
  }

  get elapsedMs(): number {
    return performance.now() - this.#startedAt;
  }

  /** Counts how a server ended; `momentHit` is what the campaign knows of the moment by itself. */
  count(end: End, where: "underLoad" | "inReplay", momentHit?: Hit): void {
    if (end.wasKilled) this[where] += 1;
    else this.cleanShutdowns += 1;
    if (!end.wasKilled) return;
    const hits = new Set<Hit>([...end.inFlight].map((operation) => hitOfOperation[operation] ?? "delete or recreate"));
    if (end.wasClosing) hits.add("shutdown");
    if (!end.wasListening) hits.add("opening");
    if (momentHit) hits.add(momentHit);
    for (const hit of hits) this.#hits.set(hit, (this.#hits.get(hit) ?? 0) + 1);
  }

  complained(complaints: readonly Complaint[]): void {
    for (const { level, message } of complaints) {
      const key = `${level}: ${message}`;
      this.#complaints.set(key, (this.#complaints.get(key) ?? 0) + 1);
    }
  }

  /** One line a few words at a time, for who watches. */
  get progress(): string {
    return `${this.killCount} kills, ${this.losses.length} losses, ${this.#seconds} s`;
  }

  report(documents: readonly CampaignDocument[], seed: number): string {
    const told = sum(documents.flatMap(({ allPromises }) => allPromises.map(({ counts }) => counts)));
    const promiseCount = told.durable + told.saved + told.seen + told.read;
    const lines = [
      `found ${this.losses.length} lost in ${this.killCount} kills (${this.underLoad} under load, ${this.inReplay} in replay), ` +
        `${this.#seconds} s, seed ${seed}`,
      `${promiseCount} promises of ${(told.byteCount / 1e6).toFixed(1)} MB over ${documents.length} documents: ` +
        `${told.durable} durable edits, ${told.saved} saved documents, ${told.seen} updates seen, ${told.read} readings`,
      `${this.checkCount} documents compared, ${this.compactionCount} compactions, ${this.cleanShutdowns} clean ends, ` +
        `${this.deleteCount} deletes and ${this.recreateCount} recreations reported done`,
      `hit in the middle of: ${listed(this.#hits)}`,
      `the servers complained: ${listed(this.#complaints)}`,
    ];
    return lines.join("\n");
  }

  get #seconds(): number {
    return Math.round(this.elapsedMs / 1000);
  }
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts].map(([name, count]) => `${name} ${count}`).join(", ") || "never";
}

function sum(all: readonly PromiseCounts[]): PromiseCounts {
  const total = { durable: 0, saved: 0, seen: 0, read: 0, byteCount: 0 };
  for (const counts of all) {
    total.durable += counts.durable;
    total.saved += counts.saved;
    total.seen += counts.seen;
    total.read += counts.read;
    total.byteCount += counts.byteCount;
  }
  return total;
}
