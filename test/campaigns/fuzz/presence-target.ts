/**
 * Presence, as it goes over the wire: honest members of both dialects and hostile ones in one room. Nothing that the server
 * passes on makes y-protocols throw; everybody sees of every honest member what that one says of itself; and when the
 * hostile ones have gone nothing of them is left.
 */
import { isDeepStrictEqual } from "node:util";
import { encodeAwarenessUpdate, type AwarenessEntry } from "@syncline/protocol";
import { AwareMember } from "./aware-member.js";
import { changed, hexOf } from "./byte-changes.js";
import { someNumber } from "./frame-grammar.js";
import { HostileMember } from "./hostile-member.js";
import { FuzzServer } from "./server.js";
import type { Tape } from "./tape.js";
import { must, type Outcomes, type Target } from "./target.js";

const documentName = "room";
/** More than the window in which changes are gathered, and what rates need to be forgotten. */
const whileMs = 1_000;

const honestStates = [
  { user: { name: "Ada", color: "#123456" }, cursor: null },
  { cursor: { anchor: 3, head: 7 } },
  { user: { name: "日本 🙂" }, selection: [[1, 2], { a: 1.5 }] },
  {},
];

const deep = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
const hostileStates = [
  "null", "{}", "1", '"text"', "[]", "true", '{"user":{"name":"Ada"}}', '{"__proto__":{"a":1}}', '{"constructor":1,"user":null}',
  "", "{", "nul", "NaN", "undefined", '{"a":1}{}', deep(15), deep(17), deep(2_000), `"${"x".repeat(5_000)}"`, '"\\ud800"', "1e999",
  " {} ", '{"a":1,"a":2}',
]; // prettier-ignore

export const presenceTarget: Target = {
  name: "presence",
  play: (tape, outcomes) => new PresenceUnderAttack(tape, outcomes).run(),
};

class PresenceUnderAttack {
  readonly #tape: Tape;
  readonly #outcomes: Outcomes;
  readonly #server = new FuzzServer();
  readonly #hostile = [new HostileMember(documentName), new HostileMember(documentName)];
  #members: AwareMember[] = [];
  #clientCount = 0;
  /** Ids that were somebody's. */
  readonly #usedIds: number[] = [];

  constructor(tape: Tape, outcomes: Outcomes) {
    this.#tape = tape;
    this.#outcomes = outcomes;
  }

  async run(): Promise<void> {
    await this.#join();
    await this.#join();
    for (let count = 3 + this.#tape.int(25); count > 0; count--) {
      this.#tape.beginStep();
      await this.#step();
      if (this.#tape.chance(0.6)) await this.#look();
    }
    for (const hostile of this.#hostile) hostile.leave();
    await this.#look();
    await this.#look();
    this.#assertNobodyElse();
    for (const member of this.#members) member.leave();
    await this.#server.assertEmpty();
  }

  async #step(): Promise<void> {
    const choice = this.#tape.int(20);
    if (choice < 5) this.#change();
    else if (choice < 16) await this.#attack();
    else if (choice === 16 && this.#members.length < 5) await this.#join();
    else if (choice === 17 && this.#members.length > 1) this.#leave();
    else if (choice === 18) this.#tape.pick(this.#hostile).leave();
    else await this.#server.pass(this.#tape.pick([10, 30, 3_000, 35_000]));
  }

  async #join(): Promise<void> {
    const dialect = this.#tape.chance(0.5) ? "y-websocket" : "syncline";
    const clientId = ++this.#clientCount * 1_000 + this.#tape.int(1_000);
    this.#usedIds.push(clientId);
    const member = new AwareMember({ documentName, clientId, dialect }, this.#server);
    this.#tape.say(() => `${member.name} comes`);
    member.set(this.#tape.pick(honestStates));
    this.#members.push(member);
    await this.#look();
  }

  #change(): void {
    const member = this.#tape.pick(this.#members);
    const state = this.#tape.chance(0.1) ? null : { ...this.#tape.pick(honestStates), n: this.#tape.int(100) };
    this.#tape.say(() => `${member.name} says ${JSON.stringify(state)}`);
    // A client id that was given up is free for anybody to take.
    if (state !== null) member.set(state);
    this.#outcomes.note("honest change");
  }

  #leave(): void {
    const member = this.#tape.pick(this.#members);
    this.#tape.say(() => `${member.name} goes`);
    member.leave();
    this.#members = this.#members.filter((other) => other !== member);
  }

  async #attack(): Promise<void> {
    const hostile = this.#tape.pick(this.#hostile);
    if (!hostile.isMember) {
      hostile.open(this.#server);
      await this.#server.settle();
    }
    const { kind, update } = this.#someHostile();
    this.#tape.say(() => `hostile, ${kind}: ${hexOf(update)}`);
    hostile.answer = "nothing";
    hostile.announce(update);
    await this.#server.settle();
    this.#outcomes.note(`${kind}: ${hostile.answer}`);
  }

  #someHostile(): { readonly kind: string; readonly update: Uint8Array } {
    const heard = this.#members.flatMap((member) => member.heard.slice(-5));
    const entries = Array.from({ length: this.#tape.pick([1, 1, 1, 2, 5, 40]) }, () => this.#someEntry());
    const update = encodeAwarenessUpdate(entries);
    const choice = this.#tape.int(10);
    if (choice < 6) return { kind: `made up ${entries[0]?.state.slice(0, 8) ?? ""}`, update };
    if (choice < 8 || heard.length === 0) return { kind: "changed", update: changed(this.#tape, update, update) };
    if (choice === 8) return { kind: "repeated", update: this.#tape.pick(heard) };
    return { kind: "changed repeat", update: changed(this.#tape, this.#tape.pick(heard), update) };
  }

  #someEntry(): AwarenessEntry {
    const clientId = this.#tape.chance(0.6) ? this.#tape.pick(this.#usedIds) : someNumber(this.#tape);
    return { clientId, clock: someNumber(this.#tape), state: this.#tape.pick(hostileStates) };
  }

  /** What everybody sees after a while. */
  async #look(): Promise<void> {
    await this.#server.pass(whileMs);
    for (const member of this.#members) {
      const own = member.awareness.getLocalState();
      must(
        isDeepStrictEqual(own, member.state),
        () => `${member.name} says ${JSON.stringify(own)}, and never said so itself`,
      );
      for (const other of this.#members) {
        const seen = member.awareness.getStates().get(other.clientId);
        must(
          isDeepStrictEqual(seen, other.state),
          () =>
            `${member.name} sees ${JSON.stringify(seen)} of ${other.name}, which says ${JSON.stringify(other.state)}`,
        );
      }
    }
  }

  #assertNobodyElse(): void {
    const present = new Set(this.#members.map(({ clientId }) => clientId));
    for (const member of this.#members) {
      const ghosts = [...member.awareness.getStates().keys()].filter((client) => !present.has(client));
      must(ghosts.length === 0, () => `${member.name} still sees ${ghosts.join(", ")}, and nobody is there`);
    }
  }
}
