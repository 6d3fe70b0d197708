/** Brings about the moments at which a server is killed, and says when they have come. */
import { setTimeout as delay } from "node:timers/promises";
import type { Random } from "../fixtures/random.js";
import type { CampaignDocument } from "./campaign-document.js";
import type { DeletionMoment, KillMoment } from "./kill-moment.js";
import type { KillTally } from "./kill-tally.js";
import type { ServerProcess } from "./server-process.js";

/** A moment that does not come is not waited for. */
const momentTimeoutMs = 1_200;

export class Moments {
  readonly #random: Random;
  readonly #tally: KillTally;
  readonly #documents: () => readonly CampaignDocument[];
  readonly #listeners = new Set<(kind: "durable" | "seen") => void>();

  constructor(random: Random, tally: KillTally, documents: () => readonly CampaignDocument[]) {
    this.#random = random;
    this.#tally = tally;
    this.#documents = documents;
  }

  /** A client was told that an edit is durable, or was sent an update. */
  told(kind: "durable" | "seen"): void {
    for (const listener of this.#listeners) listener(kind);
  }

  /** Resolves at the moment of the kill. */
  async arrival(server: ServerProcess, moment: KillMoment): Promise<void> {
    // Those that were waited for in vain.
    this.#listeners.clear();
    switch (moment.kind) {
      case "any":
        return delay(moment.afterMs);
      case "store":
        server.arm(moment.death);
        return delay(momentTimeoutMs);
      case "told":
        return Promise.race([this.#heard(moment.what, moment.nth), delay(momentTimeoutMs)]);
      case "saved":
        await delay(moment.afterMs);
        return Promise.race([this.#saved(), delay(momentTimeoutMs)]);
      case "unload":
        await delay(moment.afterMs);
        for (const document of this.#documents()) document.disconnectAll();
        return delay(moment.killAfterMs);
      case "shutdown":
        await delay(moment.afterMs);
        server.terminate();
        return delay(moment.killAfterMs);
      case "delete":
      case "recreate":
        await delay(moment.afterMs);
        if (moment.death) server.arm(moment.death);
        return this.#changeExistence(server, moment);
    }
  }

  #heard(what: "durable" | "seen", nth: number): Promise<void> {
    return new Promise((resolve) => {
      let count = 0;
      const listener = (kind: "durable" | "seen") => {
        count += kind === what ? 1 : 0;
        if (count < nth) return;
        this.#listeners.delete(listener);
        resolve();
      };
      this.#listeners.add(listener);
    });
  }

  async #saved(): Promise<void> {
    const document = this.#random.pick(this.#documents());
    document.edit();
    // A writer that is sent away for good is noticed where the documents are checked.
    await this.#random
      .pick(document.synclineWriters)
      .save()
      .catch(() => undefined);
  }

  async #changeExistence(server: ServerProcess, moment: DeletionMoment): Promise<void> {
    const { kind, whenDone, killAfterMs } = moment;
    const isCandidate = ({ isWritten, isDeleted }: CampaignDocument) => (kind === "delete" ? isWritten : isDeleted);
    const candidates = this.#documents().filter(isCandidate);
    if (candidates.length === 0) return;
    const done = this.#ask(server, kind, this.#random.pick(candidates));
    await (whenDone ? done : undefined);
    await delay(killAfterMs);
  }

  async #ask(server: ServerProcess, kind: "delete" | "recreate", document: CampaignDocument): Promise<void> {
    if (kind === "recreate") document.beginAnew();
    document.existence = { kind: kind === "delete" ? "deleting" : "recreating" };
    const answer = await server.ask(kind, document.documentName);
    if (answer?.kind === "refused") this.#tally.surprises.add(`${kind} was refused: ${answer.message}`);
    if (answer?.kind !== "done") return;
    document.existence = { kind: kind === "delete" ? "deleted" : "live" };
    if (kind === "delete") this.#tally.deleteCount += 1;
    else this.#tally.recreateCount += 1;
    // To be let in again, or to be sent away again.
    document.connectAll();
  }
}
