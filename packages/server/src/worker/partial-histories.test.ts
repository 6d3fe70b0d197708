/**
 * Any history of writers and of one who may change some root types only. What such an author is granted changes nothing elsewhere,
 * whatever it sends; and what it sends is granted, as long as its people keep to their place.
 */
import fc from "fast-check";
import { expect, test } from "vitest";
import * as Y from "yjs";
import {
  buildUpdate,
  contents,
  type BlockSpec,
  type ContentSpec,
  type DeletionSpec,
  type Id,
  type StructSpec,
} from "../../../../test/fixtures/update-builder.js";
import { Random } from "../../../../test/fixtures/random.js";
import { PartialRoom } from "../../test-support/partial-room.js";
import { command, pick, Replica, type Command, type RootNames } from "../../test-support/replica.js";

const elsewhere: RootNames = { text: "text", array: "array", map: "map", xml: "xml" };
const own: RootNames = { text: "own text", array: "own array", map: "own map", xml: "own xml" };
const roots = Object.values(own);

const runs = { numRuns: Number(process.env["FUZZ_RUNS"] ?? 40) };

/** What stands elsewhere, by id: what it holds, behind what, and whether it is deleted. Of a document that collects nothing. */
function foreignItems(doc: Y.Doc): Map<string, string> {
  const names = new Map([...doc.share].map(([name, type]) => [type as unknown, name]));
  const items = new Map<string, string>();
  for (const structs of doc.store.clients.values()) {
    for (const struct of structs) {
      if (!(struct instanceof Y.Item)) continue;
      if (roots.includes(rootOf(struct, names))) continue;
      for (let offset = 0; offset < struct.length; offset++) {
        items.set(`${struct.id.client}:${struct.id.clock + offset}`, struct.deleted ? "deleted" : "there");
      }
    }
  }
  return items;
}

/** Step by step, unlike what is tested. */
function rootOf(item: Y.Item, names: ReadonlyMap<unknown, string>): string {
  const type = item.parent as Y.AbstractType<unknown>;
  return type._item === null ? (names.get(type) ?? "?") : rootOf(type._item, names);
}

function contentOf(doc: Y.Doc, { text, array, map, xml }: RootNames): unknown {
  // Without formatting marks: those that mean nothing come and go with Yjs's own edits.
  const values = [doc.getArray(array).toJSON(), doc.getMap(map).toJSON(), doc.getXmlFragment(xml).toJSON()];
  return [doc.getText(text).toJSON(), ...values.map((value) => JSON.stringify(value, sortedKeys))];
}

/** Replicas differ in the order of a map's keys. */
function sortedKeys(_key: string, value: unknown): unknown {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.entries(value).sort(([left], [right]) => (left < right ? -1 : 1));
}

/** Everything that is to stay as it is: for who collects garbage, and for who does not. */
class Remembered {
  readonly #room: PartialRoom;
  readonly #pieceCount: number;
  readonly #content: unknown;
  readonly #items: ReadonlyMap<string, string>;

  constructor(room: PartialRoom) {
    this.#room = room;
    this.#pieceCount = room.pieces.length;
    const { content, items } = Remembered.#of(room);
    this.#content = content;
    this.#items = items;
  }

  expectUnchanged(): void {
    if (this.#room.pieces.length === this.#pieceCount) return;
    const { content, items } = Remembered.#of(this.#room);
    expect(content).toEqual(this.#content);
    for (const [id, state] of this.#items) expect([id, items.get(id)]).toEqual([id, state]);
    // What leans on something collected is garbage; where nothing is collected it stands, deleted, in what was deleted.
    for (const [id, state] of items) if (!this.#items.has(id)) expect([id, state]).toEqual([id, "deleted"]);
  }

  static #of(room: PartialRoom) {
    const whole = room.document(false);
    const delta = (doc: Y.Doc): unknown => doc.getText(elsewhere.text).toDelta();
    const content = [whole, room.document()].map((doc) => [contentOf(doc, elsewhere), delta(doc)]);
    return { content, items: foreignItems(whole) };
  }
}

/** One who edits only where it may, on a replica that has all of the document. */
class Member {
  readonly replica = new Replica(500, true, own);
  readonly #room: PartialRoom;
  isLive = true;

  constructor(room: PartialRoom) {
    this.#room = room;
    // It shows what it may not change: only what is known to be a text does Yjs tidy up.
    contentOf(this.replica.doc, elsewhere);
    this.replica.doc.on("update", (update: Uint8Array, origin: unknown) => {
      if (origin !== "pull" && this.isLive) this.#send(update);
    });
  }

  /** Who was offline brings everything first: what comes live leans on it. */
  becomeLive(isLive: boolean): void {
    if (isLive && !this.isLive) this.upload();
    this.isLive = isLive;
  }

  /** As providers do: what the room lacks of the structs, and all that is known to be deleted. */
  upload(): void {
    this.#send(Y.encodeStateAsUpdate(this.replica.doc, this.#room.stateVector));
  }

  #send(update: Uint8Array): void {
    const elsewhereBefore = new Remembered(this.#room);
    expect(this.#room.receive(update, roots)).toEqual({
      kind: expect.stringMatching(/^(appended|nothing-new)$/) as string,
    });
    elsewhereBefore.expectUnchanged();
  }
}

function pull({ doc }: Replica, room: PartialRoom): void {
  Y.applyUpdate(doc, Y.encodeStateAsUpdate(room.document(), Y.encodeStateVector(doc)), "pull");
}

// Marks that mean nothing come of two who format the same.
const format = command.map((each): Command => ({ ...each, kind: "format-text", choice: each.choice % 2 ** 16 }));
const step = fc.record({
  command: fc.oneof(command, format),
  isLive: fc.boolean(),
  pullsFirst: fc.boolean(),
  uploads: fc.boolean(),
});

type Step = typeof step extends fc.Arbitrary<infer Value> ? Value : never;

/** What was left out of the member's updates while all of `steps` were taken. */
function leftOutOf(steps: readonly Step[]): number {
  const room = new PartialRoom();
  const writers = [7, 4_000_000_007].map((clientId) => new Replica(clientId, true, elsewhere, own));
  const member = new Member(room);
  for (const each of steps) {
    const replica = pick([...writers, member.replica], each.command.replica);
    if (replica === member.replica) member.becomeLive(each.isLive);
    if (each.pullsFirst) pull(replica, room);
    replica.run(each.command);
    if (replica !== member.replica) room.receive(Y.encodeStateAsUpdate(replica.doc, room.stateVector));
    else if (each.uploads) member.upload();
    if (member.isLive) pull(member.replica, room);
  }
  pull(member.replica, room);
  member.upload();
  expect(contentOf(room.document(), own)).toEqual(contentOf(member.replica.doc, own));
  return room.leftOutCount;
}

const someSteps = fc.array(step, { minLength: 30, maxLength: 60 });

test("whoever keeps to its own root types is refused nothing, also where Yjs edits for it", () => {
  fc.assert(
    fc.property(someSteps, (steps) => void leftOutOf(steps)),
    runs,
  );
});

test("Yjs does edit for it in such histories, and that is left out", () => {
  const histories = fc.sample(someSteps, { seed: 26, numRuns: 40 });
  expect(histories.some((steps) => leftOutOf(steps) > 0)).toBe(true);
});

/** One who may write anything to `own`, and tries to write anywhere. */
class Intruder {
  readonly #room: PartialRoom;
  readonly #random: Random;

  constructor(room: PartialRoom, random: Random) {
    this.#room = room;
    this.#random = random;
  }

  update(): Uint8Array {
    const random = this.#random;
    // Those of the writer, too, but seldom: it is heard no more then.
    const clients = [501, 500, 77, 7].filter((client) => random.chance(client === 7 ? 0.03 : 0.5));
    const blocks = clients.map((client) => this.#block(client));
    const deletions = random.chance(0.5) ? this.#deletions() : [];
    return buildUpdate(blocks, deletions);
  }

  #block(client: number): BlockSpec {
    const end = this.#room.contents.stateVector.get(client);
    // Some begin below the room's end: what is known of them is cut off.
    const clock = Math.max(0, end - (this.#random.chance(0.3) ? this.#random.int(4) : 0));
    const structs: StructSpec[] = [];
    let next = clock;
    for (let count = 1 + this.#random.int(4); count > 0; count--) {
      const { struct, length } = this.#struct(client, next);
      structs.push(struct);
      next += length;
    }
    return { client, clock, structs };
  }

  #struct(client: number, clock: number): { readonly struct: StructSpec; readonly length: number } {
    const random = this.#random;
    const { content, length } = this.#content();
    const origin = random.chance(0.35) ? this.#id(client, clock) : undefined;
    const rightOrigin = random.chance(0.35) ? this.#id(client, clock) : undefined;
    const parent = random.chance(0.4) ? this.#id(client, clock) : random.chance(0.8) ? random.pick(roots) : "text";
    const key = random.chance(0.3) ? random.pick(["k", "l"]) : undefined;
    return { struct: { content, origin, rightOrigin, parent, key }, length };
  }

  #content(): { readonly content: ContentSpec; readonly length: number } {
    return this.#random.pick([
      { content: contents.string("x"), length: 1 },
      { content: contents.string("yz"), length: 2 },
      { content: contents.any([1]), length: 1 },
      { content: contents.type(this.#random.int(3)), length: 1 },
      { content: contents.type(2), length: 1 },
      { content: contents.deleted(2), length: 2 },
      { content: contents.gc(2), length: 2 },
      { content: contents.format("bold", "true"), length: 1 },
      { content: contents.doc("guid", {}), length: 1 },
    ]);
  }

  /** One that is there, or of what the update brings before. */
  #id(client: number, clock: number): Id {
    if (clock > 0 && this.#random.chance(0.3)) return { client, clock: this.#random.int(clock) };
    const known = this.#known();
    const [owner, end] = known.length > 0 ? this.#random.pick(known) : [client, clock];
    return { client: owner, clock: this.#random.int(Math.max(1, owner === client ? Math.min(end, clock) : end)) };
  }

  #deletions(): DeletionSpec[] {
    return this.#known()
      .filter(() => this.#random.chance(0.4))
      .map(([client, end]) => {
        const clock = this.#random.int(end);
        return { client, ranges: [{ clock, length: 1 + this.#random.int(Math.min(3, end - clock)) }] };
      });
  }

  #known(): [client: number, end: number][] {
    return [...Y.decodeStateVector(this.#room.stateVector)];
  }
}

test("whoever does not keep to them changes nothing elsewhere, whatever of it is taken", () => {
  const tally = { appended: 0, declined: 0 };
  fc.assert(
    fc.property(fc.nat(), fc.array(command, { minLength: 4, maxLength: 12 }), (seed, commands) => {
      const random = new Random(seed);
      const room = new PartialRoom();
      const writer = new Replica(7, random.chance(0.5), elsewhere, own);
      const intruder = new Intruder(room, random);
      const write = (each: Command): void => {
        pull(writer, room);
        writer.run(each);
        room.receive(Y.encodeStateAsUpdate(writer.doc, room.stateVector));
      };
      for (const each of commands) {
        // Who is robbed of its ids diverges: that is another rule's matter.
        if (room.contents.stateVector.get(7) <= Y.getState(writer.doc.store, 7)) write(each);
        const elsewhereBefore = new Remembered(room);
        for (let count = 0; count < 6; count++) {
          const answer = room.receive(intruder.update(), roots);
          if (answer.kind in tally) tally[answer.kind as keyof typeof tally] += 1;
        }
        elsewhereBefore.expectUnchanged();
      }
    }),
    runs,
  );
  // Neither is what all come to: it would prove nothing then.
  expect(tally.appended).toBeGreaterThan(runs.numRuns);
  expect(tally.declined).toBeGreaterThan(runs.numRuns);
});
