import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SynclineError } from "./error.js";
import { PendingLedger } from "./pending.js";

const update = new Uint8Array(10);

function makeLedger() {
  const clock = { nowMs: 0 };
  const ledger = new PendingLedger(() => clock.nowMs);
  const make = (byteCount = 5) => ledger.made({ byteCount, isOwn: true });
  return { clock, ledger, make };
}

/** Whether a promise is settled, without waiting for it. */
async function outcomeOf(promise: Promise<void>): Promise<string> {
  const asked = Promise.resolve("waiting");
  const told = promise.then(
    () => "durable",
    (error: SynclineError) => error.code,
  );
  return Promise.race([told, asked.then((text) => text)]);
}

describe("the ledger of edits", () => {
  it("counts an edit from the moment it is made until its durable ack", () => {
    const { clock, ledger, make } = makeLedger();
    make(5);
    clock.nowMs = 100;
    make(7);
    clock.nowMs = 150;
    expect(ledger.pending).toEqual({ count: 2, bytes: 12, oldestAgeMs: 150 });
    ledger.sent({ n: 1, clock: 2, update });
    make(1);
    expect(ledger.acknowledged({ n: 1, clock: 2, level: 1 })).toEqual({ kind: "accepted", received: 2, durable: 0 });
    expect(ledger.pending.count).toBe(3);
    expect(ledger.saveState).toEqual({ inThisBrowser: 3, received: 2, durable: 0 });
    expect(ledger.acknowledged({ n: 1, clock: 2, level: 2 })).toEqual({ kind: "accepted", received: 0, durable: 2 });
    expect(ledger.pending).toEqual({ count: 1, bytes: 1, oldestAgeMs: 0 });
  });

  it("counts both levels when the received ack is left out", () => {
    const { ledger, make } = makeLedger();
    make();
    ledger.sent({ n: 1, clock: 1, update });
    expect(ledger.acknowledged({ n: 1, clock: 1, level: 2 })).toEqual({ kind: "accepted", received: 1, durable: 1 });
  });

  it("takes acks as cumulative, in any order, repeated", () => {
    const { ledger, make } = makeLedger();
    for (const n of [1, 2, 3]) {
      make();
      ledger.sent({ n, clock: n, update });
    }
    ledger.acknowledged({ n: 2, clock: 2, level: 2 });
    ledger.acknowledged({ n: 1, clock: 1, level: 2 });
    ledger.acknowledged({ n: 2, clock: 2, level: 1 });
    expect(ledger.saveState).toEqual({ inThisBrowser: 3, received: 2, durable: 2 });
    expect(ledger.unackedBytes).toBe(10);
  });

  it("believes no ack whose clock lags behind what it covers", () => {
    const { ledger, make } = makeLedger();
    make();
    ledger.sent({ n: 1, clock: 4, update });
    expect(ledger.acknowledged({ n: 1, clock: 3, level: 1 })).toEqual({ kind: "accepted", received: 0, durable: 0 });
    expect(ledger.acknowledged({ n: 1, clock: 3, level: 2 })).toEqual({ kind: "contradicted" });
    expect(ledger.saveState).toEqual({ inThisBrowser: 1, received: 0, durable: 0 });
  });

  it("ignores acks for what was not sent and of levels it does not know", () => {
    const { ledger, make } = makeLedger();
    make();
    ledger.sent({ n: 1, clock: 1, update });
    ledger.acknowledged({ n: 2, clock: 9, level: 2 });
    ledger.acknowledged({ n: 1, clock: 9, level: 3 });
    ledger.acknowledged({ n: 1, clock: 9, level: 0 });
    expect(ledger.saveState.received).toBe(0);
  });

  it("forgets what was only received when the opening ends, and lets no old ack count", () => {
    const { ledger, make } = makeLedger();
    make();
    ledger.sent({ n: 1, clock: 1, update });
    ledger.acknowledged({ n: 1, clock: 1, level: 1 });
    ledger.restart();
    expect(ledger.saveState).toEqual({ inThisBrowser: 1, received: 0, durable: 0 });
    ledger.acknowledged({ n: 1, clock: 1, level: 2 });
    expect(ledger.pending).toMatchObject({ count: 1, bytes: 5 });
  });

  it("resolves whenDurable for what was made before the call, and no earlier than the first confirmation", async () => {
    const { ledger, make } = makeLedger();
    const beforeAnything = ledger.whenDurable();
    expect(await outcomeOf(beforeAnything)).toBe("waiting");
    make();
    const first = ledger.whenDurable();
    ledger.sent({ n: 1, clock: 1, update });
    make();
    const second = ledger.whenDurable();
    ledger.acknowledged({ n: 1, clock: 1, level: 2 });
    await Promise.all([beforeAnything, first]);
    expect(await outcomeOf(second)).toBe("waiting");
    ledger.sent({ n: 2, clock: 2, update });
    ledger.acknowledged({ n: 2, clock: 2, level: 2 });
    await second;
  });

  it("rejects who waits, and who asks later, with the first reason; revived, it waits again", async () => {
    const { ledger, make } = makeLedger();
    make();
    const waiting = ledger.whenDurable();
    ledger.fail(new SynclineError("rejected", "no"));
    ledger.fail(new SynclineError("closed", "closed"));
    await expect(waiting).rejects.toMatchObject({ code: "rejected" });
    await expect(ledger.whenDurable()).rejects.toMatchObject({ code: "rejected" });
    ledger.revive();
    expect(await outcomeOf(ledger.whenDurable())).toBe("waiting");
  });

  it("resolves at once when all is durable, even after a failure", async () => {
    const { ledger } = makeLedger();
    ledger.confirm();
    ledger.fail(new SynclineError("closed", "closed"));
    await ledger.whenDurable();
  });

  it("never calls an edit durable that the server does not have, and gets to 0, whatever is lost", () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant("edit" as const) },
      { weight: 3, arbitrary: fc.constant("send" as const) },
      { weight: 3, arbitrary: fc.constant("serve" as const) },
      { weight: 1, arbitrary: fc.constant("received" as const) },
      { weight: 2, arbitrary: fc.constant("durable" as const) },
      { weight: 1, arbitrary: fc.constant("drop" as const) },
      { weight: 1, arbitrary: fc.constant("stale ack" as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80 }), (steps) => {
        const model = new LedgerModel();
        for (const name of steps) {
          model.run(name);
          const { saveState, pending } = model.ledger;
          expect(saveState.durable).toBeLessThanOrEqual(model.onDisk);
          expect(saveState.received).toBeLessThanOrEqual(model.admitted);
          expect(pending.count).toBe(saveState.inThisBrowser - saveState.durable);
        }
        for (const name of ["drop", "send", "serve", "durable"] as const) model.run(name);
        expect(model.ledger.pending).toEqual({ count: 0, bytes: 0, oldestAgeMs: 0 });
      }),
      { numRuns: 500 },
    );
  });
});

/** A client that sends counts of edits, and a server that admits them; a drop loses what is on its way, both ways. */
class LedgerModel {
  readonly ledger = new PendingLedger(() => 0);
  admitted = 0;
  onDisk = 0;
  #made = 0;
  #lastN = 0;
  #wire: { n: number; upTo: number }[] = [];
  #servedN = 0;
  #staleAcks: { n: number; clock: number }[] = [];

  run(name: "edit" | "send" | "serve" | "received" | "durable" | "drop" | "stale ack"): void {
    switch (name) {
      case "edit":
        this.#made += 1;
        return this.ledger.made({ byteCount: 3, isOwn: true });
      case "send":
        this.#lastN += 1;
        this.#wire.push({ n: this.#lastN, upTo: this.#made });
        return this.ledger.sent({ n: this.#lastN, clock: this.#made, update });
      case "serve": {
        const message = this.#wire.shift();
        if (!message) return;
        this.#servedN = message.n;
        this.admitted = Math.max(this.admitted, message.upTo);
        return;
      }
      case "received":
        return this.#ack(1);
      case "durable":
        this.onDisk = this.admitted;
        return this.#ack(2);
      case "drop":
        this.#staleAcks.push({ n: this.#servedN, clock: this.admitted });
        // The server may have crashed: what was not on disk is gone.
        this.admitted = this.onDisk;
        this.#wire = [];
        this.#lastN = this.#servedN = 0;
        return this.ledger.restart();
      case "stale ack": {
        // Only where nothing was sent yet can a stale ack get through to the ledger: sessions drop the others.
        const stale = this.#staleAcks.shift();
        if (stale && this.#lastN === 0) this.ledger.acknowledged({ ...stale, level: 2 });
      }
    }
  }

  #ack(level: number): void {
    if (this.#servedN > 0) this.ledger.acknowledged({ n: this.#servedN, clock: this.admitted, level });
  }
}
