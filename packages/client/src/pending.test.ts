import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SynclineError } from "./error.js";
import * as Y from "yjs";
import { PendingLedger, type SentUpdate } from "./pending.js";

const clientId = 7;
const maxBytes = 1_000;
/** Of the first struct of client 1. */
const deletion = Uint8Array.of(0, 1, 1, 1, 0, 1);

/** Makes edits of a real document: the clock after each is the number of edits so far. */
function author() {
  const doc = new Y.Doc();
  doc.clientID = clientId;
  let update: Uint8Array = new Uint8Array();
  doc.on("update", (latest: Uint8Array) => (update = latest));
  return {
    doc,
    edit: (byteCount = 5) => {
      doc.getText("t").insert(0, "x");
      return { update, byteCount, isOwn: true, clientId, clock: Y.getState(doc.store, clientId) };
    },
  };
}

function makeLedger(finalLevel: 1 | 2 = 2) {
  const clock = { nowMs: 0 };
  const ledger = new PendingLedger(() => clock.nowMs, finalLevel);
  const { doc, edit } = author();
  const make = (byteCount?: number) => ledger.made(edit(byteCount));
  const send = (n: number) => ledger.send(n, maxBytes, clientId);
  return { clock, ledger, doc, make, send };
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
    const { clock, ledger, make, send } = makeLedger();
    make(5);
    clock.nowMs = 100;
    make(7);
    clock.nowMs = 150;
    expect(ledger.pending).toEqual({ count: 2, bytes: 12, oldestAgeMs: 150 });
    send(1);
    make(1);
    expect(ledger.acknowledged({ n: 1, clock: 2, level: 1 })).toEqual({ kind: "accepted", received: 2, durable: 0 });
    expect(ledger.pending.count).toBe(3);
    expect(ledger.saveState).toEqual({ inThisBrowser: 3, received: 2, durable: 0 });
    expect(ledger.acknowledged({ n: 1, clock: 2, level: 2 })).toEqual({ kind: "accepted", received: 0, durable: 2 });
    expect(ledger.pending).toEqual({ count: 1, bytes: 1, oldestAgeMs: 0 });
  });

  it("counts both levels when the received ack is left out", () => {
    const { ledger, make, send } = makeLedger();
    make();
    send(1);
    expect(ledger.acknowledged({ n: 1, clock: 1, level: 2 })).toEqual({ kind: "accepted", received: 1, durable: 1 });
  });

  it("takes acks as cumulative, in any order, repeated", () => {
    const { ledger, make, send } = makeLedger();
    const [, , third] = [1, 2, 3].map((n) => {
      make();
      return send(n);
    }) as [unknown, unknown, SentUpdate];
    ledger.acknowledged({ n: 2, clock: 2, level: 2 });
    ledger.acknowledged({ n: 1, clock: 1, level: 2 });
    ledger.acknowledged({ n: 2, clock: 2, level: 1 });
    expect(ledger.saveState).toEqual({ inThisBrowser: 3, received: 2, durable: 2 });
    expect(ledger.unackedBytes).toBe(third.update.length);
  });

  it("believes no ack whose clock lags behind what it covers", () => {
    const { ledger, make, send } = makeLedger();
    for (let i = 0; i < 4; i++) make();
    send(1);
    expect(ledger.acknowledged({ n: 1, clock: 3, level: 1 })).toEqual({ kind: "accepted", received: 0, durable: 0 });
    expect(ledger.acknowledged({ n: 1, clock: 3, level: 2 })).toEqual({ kind: "contradicted" });
    expect(ledger.saveState).toEqual({ inThisBrowser: 4, received: 0, durable: 0 });
  });

  it("ignores acks for what was not sent and of levels it does not know", () => {
    const { ledger, make, send } = makeLedger();
    make();
    send(1);
    ledger.acknowledged({ n: 2, clock: 9, level: 2 });
    ledger.acknowledged({ n: 1, clock: 9, level: 3 });
    ledger.acknowledged({ n: 1, clock: 9, level: 0 });
    expect(ledger.saveState.received).toBe(0);
  });

  it("forgets what was only received when the opening ends, and lets no old ack count", () => {
    const { ledger, make, send } = makeLedger();
    make();
    send(1);
    ledger.acknowledged({ n: 1, clock: 1, level: 1 });
    ledger.restart();
    expect(ledger.saveState).toEqual({ inThisBrowser: 1, received: 0, durable: 0 });
    ledger.acknowledged({ n: 1, clock: 1, level: 2 });
    expect(ledger.pending).toMatchObject({ count: 1, bytes: 5 });
  });

  it("resolves whenDurable for what was made before the call, and no earlier than the first confirmation", async () => {
    const { ledger, make, send } = makeLedger();
    const beforeAnything = ledger.whenDurable();
    expect(await outcomeOf(beforeAnything)).toBe("waiting");
    make();
    const first = ledger.whenDurable();
    send(1);
    make();
    const second = ledger.whenDurable();
    ledger.acknowledged({ n: 1, clock: 1, level: 2 });
    await Promise.all([beforeAnything, first]);
    expect(await outcomeOf(second)).toBe("waiting");
    send(2);
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

  it("keeps what was not acknowledged, in order, and no more, for the next opening", () => {
    const { ledger, doc, make, send } = makeLedger();
    ledger.confirm();
    for (const n of [1, 2, 3]) {
      make();
      send(n);
    }
    make();
    ledger.acknowledged({ n: 1, clock: 1, level: 2 });
    ledger.restart();
    const again = send(1);
    expect(Y.parseUpdateMeta(again.update)).toEqual({ from: new Map([[clientId, 1]]), to: new Map([[clientId, 4]]) });
    expect([again.clock, ledger.isComplete, ledger.oldestUnsent]).toEqual([4, true, undefined]);
    expect(Y.getState(doc.store, clientId)).toBe(4);
  });

  it("keeps a day of keystrokes in a few updates, none above what fits a message", () => {
    const { ledger, doc, make, send } = makeLedger();
    ledger.confirm();
    for (let i = 0; i < 5_000; i++) make();
    const server = new Y.Doc();
    let messageCount = 0;
    while (ledger.oldestUnsent) {
      const { update } = send(++messageCount);
      expect(update.length).toBeLessThanOrEqual(64 * 1024);
      Y.applyUpdate(server, update);
      expect(server.store.pendingStructs).toBeNull();
    }
    expect(server.getText("t").toString()).toBe(doc.getText("t").toString());
    expect(messageCount).toBeLessThan(200);
  });

  it("knows when only the document has what is missing", () => {
    const { ledger, doc, make, send } = makeLedger();
    expect(ledger.isComplete).toBe(false);
    ledger.made({ byteCount: 100, isOwn: false, clientId: 0, clock: 0 });
    make();
    expect([ledger.isComplete, ledger.oldestUnsent]).toEqual([false, undefined]);
    ledger.coverWith(Y.encodeStateAsUpdate(doc), clientId, 1);
    send(1);
    expect(ledger.acknowledged({ n: 1, clock: 1, level: 2 })).toEqual({ kind: "accepted", received: 2, durable: 2 });
    expect(ledger.isComplete).toBe(true);
  });

  it("acknowledges an edit that travels in pieces with the last of them", () => {
    const { ledger, make, send } = makeLedger();
    make();
    ledger.replaceOldest([Uint8Array.of(0, 0), Uint8Array.of(0, 0)]);
    // Small as they are they would go together.
    expect([ledger.send(1, 2, clientId).clock, ledger.send(2, 2, clientId).clock]).toEqual([0, 1]);
    expect(ledger.acknowledged({ n: 1, clock: 0, level: 2 })).toEqual({ kind: "accepted", received: 0, durable: 0 });
    ledger.restart();
    make();
    send(1);
    expect(ledger.acknowledged({ n: 1, clock: 2, level: 2 })).toEqual({ kind: "accepted", received: 2, durable: 2 });
  });

  it("lets edits go with the received ack where a server never says durable, and does not call them durable", () => {
    const { ledger, make, send } = makeLedger(1);
    make();
    send(1);
    expect(ledger.acknowledged({ n: 1, clock: 1, level: 1 })).toEqual({ kind: "accepted", received: 1, durable: 0 });
    expect([ledger.pending.count, ledger.saveState.durable]).toEqual([0, 0]);
  });

  it("forgets what was taken back", async () => {
    const { ledger, make, send } = makeLedger();
    make();
    send(1);
    ledger.acknowledged({ n: 1, clock: 1, level: 2 });
    make();
    send(2);
    make();
    ledger.fail(new SynclineError("rejected", "no"));
    ledger.forget();
    expect(ledger.saveState).toEqual({ inThisBrowser: 1, received: 1, durable: 1 });
    expect([ledger.pending.count, ledger.unackedBytes, ledger.export()]).toEqual([0, 0, undefined]);
    await ledger.whenDurable();
  });

  it("settles neither what was rejected nor what was sent after it, and what was sent before it by any later ack", async () => {
    const { ledger, make, send } = makeLedger();
    make(1);
    send(1);
    const before = ledger.whenDurable();
    // No clock tells of a deletion.
    ledger.made({ update: deletion, byteCount: 2, isOwn: true, clientId, clock: 1 });
    send(2);
    const rejected = ledger.whenDurable();
    make(4);
    send(3);
    expect(ledger.rejected(2)).toEqual(deletion);
    expect([ledger.rejected(2), ledger.rejected(3), ledger.rejected(4)]).toEqual([undefined, undefined, undefined]);
    expect(ledger.acknowledged({ n: 3, clock: 2, level: 2 })).toEqual({ kind: "accepted", received: 1, durable: 1 });
    await before;
    expect(await outcomeOf(rejected)).toBe("waiting");
    expect(ledger.saveState).toEqual({ inThisBrowser: 3, received: 1, durable: 1 });
    expect(ledger.pending).toMatchObject({ count: 2, bytes: 6 });
    expect([ledger.unackedBytes, ledger.hasOwnUnsentEdits, ledger.oldestUnsent]).toEqual([0, true, deletion]);
  });

  it.each(["this opening", "the next"])(
    "sends what was rejected again with all after it, in %s, and then settles it",
    (when) => {
      const { ledger, make, send } = makeLedger();
      ledger.made({ update: deletion, byteCount: 2, isOwn: true, clientId, clock: 0 });
      send(1);
      make();
      send(2);
      ledger.rejected(1);
      if (when === "the next") ledger.restart();
      const n = when === "the next" ? 1 : 3;
      const { update } = send(n);
      expect(Y.decodeUpdate(update)).toMatchObject({
        structs: [{}],
        ds: { clients: new Map([[1, [{ clock: 0, len: 1 }]]]) },
      });
      expect(ledger.acknowledged({ n: n - 1, clock: 1, level: 2 })).toMatchObject({ received: 0, durable: 0 });
      expect(ledger.acknowledged({ n, clock: 1, level: 2 })).toMatchObject({ received: 2, durable: 2 });
      expect([ledger.pending.count, ledger.unackedBytes]).toEqual([0, 0]);
    },
  );

  it("never calls an edit durable that the server does not have, and gets to 0, whatever is lost or refused", () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.constant("edit" as const) },
      { weight: 3, arbitrary: fc.constant("send" as const) },
      { weight: 3, arbitrary: fc.constant("serve" as const) },
      { weight: 1, arbitrary: fc.constant("refuse" as const) },
      { weight: 1, arbitrary: fc.constant("received" as const) },
      { weight: 2, arbitrary: fc.constant("durable" as const) },
      { weight: 1, arbitrary: fc.constant("drop" as const) },
      { weight: 1, arbitrary: fc.constant("stale ack" as const) },
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 80, size: "max" }), (steps) => {
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

/**
 * A client that sends counts of edits, and a server that admits them or refuses some, without a trace in its clock; a drop
 * loses what is on its way, both ways.
 */
class LedgerModel {
  readonly ledger = new PendingLedger(() => 0);
  /** So many from the first. */
  admitted = 0;
  onDisk = 0;
  readonly #edit = author().edit;
  #made = 0;
  #lastN = 0;
  #sentUpTo = 0;
  #wire: { n: number; from: number; upTo: number }[] = [];
  #servedN = 0;
  #clock = 0;
  #staleAcks: { n: number; clock: number }[] = [];

  run(name: "edit" | "send" | "serve" | "refuse" | "received" | "durable" | "drop" | "stale ack"): void {
    switch (name) {
      case "edit":
        this.#made += 1;
        return this.ledger.made(this.#edit());
      case "send":
        if (!this.ledger.oldestUnsent) return;
        this.#lastN += 1;
        this.#wire.push({ n: this.#lastN, from: this.#sentUpTo, upTo: this.#made });
        this.#sentUpTo = this.#made;
        return void this.ledger.send(this.#lastN, 1e6, clientId);
      case "serve": {
        const message = this.#wire.shift();
        if (!message) return;
        this.#servedN = message.n;
        this.#clock = Math.max(this.#clock, message.upTo);
        if (message.from <= this.admitted) this.admitted = Math.max(this.admitted, message.upTo);
        return;
      }
      case "refuse": {
        const message = this.#wire.shift();
        if (!message) return;
        this.#servedN = message.n;
        if (this.ledger.rejected(message.n)) this.#sentUpTo = message.from;
        return;
      }
      case "received":
        return this.#ack(1);
      case "durable":
        this.onDisk = this.admitted;
        return this.#ack(2);
      case "drop":
        this.#staleAcks.push({ n: this.#servedN, clock: this.#clock });
        // The server may have crashed: what was not on disk is gone.
        this.admitted = this.#clock = this.onDisk;
        this.#sentUpTo = this.ledger.saveState.durable;
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
    if (this.#servedN > 0) this.ledger.acknowledged({ n: this.#servedN, clock: this.#clock, level });
  }
}
