/**
 * What is stored, damaged. Opening, listing, checking, exporting and repairing answer or reject with a SynclineError, whatever is
 * there; a document is what it was, or a part of it that is known to be one; and a repaired one is sound.
 */
import { assertFormat } from "@syncline/server/engine";
import { SynclineError } from "@syncline/server";
import { someDamage, textOf, type Damage } from "./damage.js";
import { HonestEditor } from "./honest-editor.js";
import { FuzzServer } from "./server.js";
import { documentNames, isPartOf, StoredFixtures, storeOf, type StoredFixture } from "./stored-fixtures.js";
import type { Tape } from "./tape.js";
import { must, type Outcomes, type Target } from "./target.js";

export function createStorageTarget(): Target {
  const fixtures = new StoredFixtures();
  return {
    name: "storage",
    play: async (tape, outcomes) => new DamagedStore(tape, outcomes, await fixtures.pick(tape)).run(),
  };
}

/** Not errors of the server: it has found what was done. */
const mayComplain = (message: string) => !message.includes("connection failed");

class DamagedStore {
  readonly #tape: Tape;
  readonly #outcomes: Outcomes;
  readonly #fixture: StoredFixture;
  readonly #damages: Damage[] = [];

  constructor(tape: Tape, outcomes: Outcomes, fixture: StoredFixture) {
    this.#tape = tape;
    this.#outcomes = outcomes;
    this.#fixture = fixture;
  }

  async run(): Promise<void> {
    const entries = new Map(this.#fixture.entries.map((entry) => [textOf(entry[0]), entry]));
    for (let count = this.#tape.pick([1, 1, 2, 5]); count > 0 && entries.size > 0; count--) {
      this.#tape.beginStep();
      this.#damages.push(someDamage(this.#tape, entries));
    }
    const store = await storeOf([...entries.values()]);
    const server = new FuzzServer({ mayComplain }, store);
    await this.#ask(server, "format", () => assertFormat(store, "the store"));
    await this.#ask(server, "list", () => allOf(server.engine.documents.list()));

    for (const name of documentNames) await this.#look(server, name);
    await server.assertEmpty();
  }

  async #look(server: FuzzServer, name: string): Promise<void> {
    const { documents } = server.engine;
    this.#tape.beginStep();
    await this.#ask(server, "inspect", () => documents.inspect(name));
    await this.#ask(server, "check", () => documents.check(name));
    const exported = await this.#ask(server, "export", () => documents.export(name));
    if (exported) await this.#assertTrue(server, name, exported);
    const repaired = await this.#ask(server, "repair", () => documents.repair(name));
    if (!repaired) return;
    const checked = await this.#ask(server, "check of the repaired", () => documents.check(name));
    must(
      checked?.problems.length === 0,
      () => `${name} was repaired, and has problems: ${JSON.stringify(checked?.problems)}`,
    );
    const after = await this.#ask(server, "export of the repaired", () => documents.export(name));
    must(after !== undefined, () => `${name} was repaired, and cannot be exported`);
    if (after) this.#assertPart(name, after);
    await this.#assertTakesEdits(server, name);
  }

  /** Resolves with the answer, `undefined` where there was none for a reason. */
  async #ask<Answer>(server: FuzzServer, what: string, ask: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      const asking = ask();
      // Whoever is not heard meanwhile is heard in a moment.
      asking.catch(() => undefined);
      await server.settle();
      const answer = await asking;
      this.#outcomes.note(`${this.#kinds()}, ${what}: ${shapeOf(answer)}`);
      return answer;
    } catch (thrown) {
      must(
        thrown instanceof SynclineError,
        () => `${what} of a damaged store rejects with ${String(thrown)} ${String((thrown as Error).stack)}`,
      );
      this.#outcomes.note(`${this.#kinds()}, ${what}: ${thrown.code} ${thrown.message}`);
      return undefined;
    }
  }

  #kinds(): string {
    return [...new Set(this.#damages.map(({ kind }) => kind))].sort().join(" and ");
  }

  /** It is what it was, or it is known that something is missing. */
  async #assertTrue(server: FuzzServer, name: string, exported: Uint8Array): Promise<void> {
    this.#assertPart(name, exported);
    const whole = this.#fixture.documents.get(name);
    if (!whole || this.#mayGoUnnoticed(name) || isPartOf(whole, exported)) return;
    const summaries = (await this.#ask(server, "list", () => allOf(server.engine.documents.list()))) ?? [];
    const summary = summaries.find((other) => other.name === name);
    must(
      summary !== undefined && (summary.quarantinedCount > 0 || summary.damage !== undefined),
      () => `${name} has lost something, and nobody knows: ${JSON.stringify(summary)}`,
    );
  }

  #assertPart(name: string, exported: Uint8Array): void {
    if (this.#damages.some(({ kind }) => kind === "forged")) return;
    const whole = this.#fixture.documents.get(name) ?? Uint8Array.of(0, 0);
    // Of the deleted one there is nothing to compare with but itself.
    if (name === "gone") return;
    must(isPartOf(exported, whole), () => `${name} holds what was never written to it`);
  }

  /** Somebody made it look sound; or it is gone without a trace, as the end of a log may be. */
  #mayGoUnnoticed(name: string): boolean {
    return this.#damages.some(
      ({ kind, keys }) => kind === "forged" || (kind === "removed" && keys.some((key) => isOf(key, name))),
    );
  }

  async #assertTakesEdits(server: FuzzServer, name: string): Promise<void> {
    const editor = new HonestEditor({ documentName: name, clientId: 7_777, name: "somebody" });
    editor.open(server);
    await server.settle();
    editor.doc.getMap("alive").set("yes", 1);
    await server.settle();
    must(editor.isSettled, () => `${name} was repaired, and keeps no edit`);
    editor.leave();
    await server.settle();
  }
}

function isOf(key: Uint8Array, name: string): boolean {
  return textOf(key).slice(1).startsWith(`${name}\0`);
}

function shapeOf(answer: unknown): string {
  if (answer instanceof Uint8Array) return "an update";
  if (typeof answer === "object" && answer !== null && "problems" in answer && Array.isArray(answer.problems)) {
    return (
      answer.problems.map((each: { origin: string; reason: string }) => `${each.origin} ${each.reason}`).join("; ") ||
      "sound"
    );
  }
  return "answered";
}

async function allOf<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const list: Item[] = [];
  for await (const item of items) list.push(item);
  return list;
}
