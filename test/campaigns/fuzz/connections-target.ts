/**
 * Whole connections: strangers at every door say whatever they like in any order, are granted this and that, have it revoked, stop
 * reading, hang up. The server never throws and never fails; an innocent in the same room and one in another go on as if
 * nobody else were there; and when all have left nothing of them is kept.
 */
import { NotAuthorized } from "@syncline/server";
import { edit } from "../../fixtures/histories.js";
import { differenceBetween } from "./document-state.js";
import { changed } from "./byte-changes.js";
import { HonestEditor } from "./honest-editor.js";
import { someHostile } from "./hostile-updates.js";
import { FuzzServer, type FuzzServerOptions } from "./server.js";
import { Stranger } from "./stranger.js";
import type { Tape } from "./tape.js";
import { must, type Outcomes, type Target } from "./target.js";

const tokens = ["write", "read", "presence", "comment", "none", "", "expired", "soon", "fails", "x".repeat(9_000)];
const documentNames = ["room", "room", "room", "elsewhere", "third", "a".repeat(300), "\u0000", "..", "日本", ""];

const authorize: NonNullable<FuzzServerOptions["authorize"]> = ({ token }) => {
  switch (token) {
    case "innocent":
      return { access: "write", subject: "innocent" };
    case "read":
    case "presence":
    case "comment":
    case "none":
      return { access: token, subject: token };
    case "write":
      return { access: "write", subject: "stranger" };
    case "soon":
      return { access: "write", subject: "soon", tokenId: "soon", expiresAt: 1_800_000_020_000 };
    case "expired":
      return { access: "write", expiresAt: 5 };
    case "fails":
      throw new Error("the callback has failed");
    default:
      throw new NotAuthorized("no such token");
  }
};

const limits = {
  maxUnsentBytes: 3_000,
  lagAllowanceMs: 5_000,
  maxRoomsPerConnection: 3,
  maxUpdateBytes: 20_000,
  maxFrameBytes: 100_000,
};

export const connectionsTarget: Target = {
  name: "connections",
  play: (tape, outcomes) => new ServerUnderAttack(tape, outcomes).run(),
};

class ServerUnderAttack {
  readonly #tape: Tape;
  readonly #outcomes: Outcomes;
  readonly #server = new FuzzServer({
    limits,
    authorize,
    mayComplain: (message) => message.startsWith("authorize failed"),
  });
  readonly #innocent = this.#editor("room", 1_000_001);
  readonly #friend = this.#editor("room", 1_000_002);
  readonly #elsewhere = this.#editor("elsewhere", 1_000_003);
  #strangers: Stranger[] = [];

  constructor(tape: Tape, outcomes: Outcomes) {
    this.#tape = tape;
    this.#outcomes = outcomes;
  }

  async run(): Promise<void> {
    for (const editor of this.#honest) {
      editor.open(this.#server);
      await this.#server.settle();
      // Its client id is its own from now on.
      editor.doc.getMap("alive").set(editor.name, 0);
    }
    for (let count = 5 + this.#tape.int(40); count > 0; count--) {
      this.#tape.beginStep();
      await this.#step();
    }
    for (const stranger of this.#strangers) stranger.hangUp();
    await this.#assertAlive();
    for (const editor of this.#honest) editor.leave();
    await this.#server.assertEmpty();
    const left = this.#server.time.dueCount;
    must(left <= 2, () => `${left} callbacks wait for something when everybody is gone`);
  }

  get #honest(): readonly HonestEditor[] {
    return [this.#innocent, this.#friend, this.#elsewhere];
  }

  #editor(documentName: string, clientId: number): HonestEditor {
    return new HonestEditor({ documentName, clientId, name: `honest ${clientId}`, token: "innocent" });
  }

  async #step(): Promise<void> {
    const choice = this.#tape.int(30);
    if (choice < 20) return this.#speak();
    if (choice < 24) edit(this.#tape, this.#tape.pick(this.#honest));
    else if (choice === 24) await this.#server.pass(this.#tape.pick([30, 1_000, 6_000, 40_000]));
    else if (choice === 25) await this.#revoke();
    else if (choice === 26) this.#turn();
    else if (choice === 27) this.#someStranger().hangUp();
    else if (choice === 28) await this.#server.engine.reauthorize();
    await this.#server.settle();
  }

  async #speak(): Promise<void> {
    const stranger = this.#someStranger();
    const said: string[] = [];
    // Often several before anything is answered.
    for (let count = this.#tape.pick([1, 1, 1, 4]); count > 0; count--) said.push(stranger.say(this.#tape));
    await this.#server.settle();
    this.#tape.say(() => `stranger at ${stranger.path} says ${said.join(", ")}: ${stranger.answer}`);
    for (const kind of said) this.#outcomes.note(`${stranger.path}, ${kind}: ${stranger.answer}`);
  }

  #turn(): void {
    const stranger = this.#someStranger();
    const isHeld = stranger.turn();
    this.#tape.say(() => `stranger at ${stranger.path} ${isHeld ? "reads no more" : "reads again"}`);
  }

  async #revoke(): Promise<void> {
    const subject = this.#tape.pick(["stranger", "read", "comment", "soon"]);
    this.#tape.say(() => `${subject} is revoked`);
    const revoking = this.#server.engine.revoke({ subject });
    await this.#server.settle();
    await revoking;
  }

  #someStranger(): Stranger {
    this.#strangers = this.#strangers.filter(({ isGone }) => !isGone);
    const known = this.#strangers.length > 0 && (this.#strangers.length > 6 || this.#tape.chance(0.8));
    if (known) return this.#tape.pick(this.#strangers);
    const stranger = new Stranger(this.#tape, {
      server: this.#server,
      documentNames,
      tokens,
      someUpdate: (tape) => this.#someUpdate(tape),
      somePresence: (tape) => changed(tape, Uint8Array.of(1, 5, 1, 2, 123, 125), Uint8Array.of(0)),
    });
    this.#tape.say(() => `a stranger comes to ${stranger.path}`);
    this.#strangers.push(stranger);
    return stranger;
  }

  #someUpdate(tape: Tape): Uint8Array {
    const { doc, sent } = this.#innocent;
    if (tape.chance(0.03)) return new Uint8Array(30_000);
    return someHostile(tape, { updates: sent.slice(-10), doc, spared: new Set() }).update;
  }

  async #assertAlive(): Promise<void> {
    for (const editor of this.#honest) editor.doc.getMap("alive").set(editor.name, "still");
    await this.#server.settle();
    await this.#server.pass(2_000);
    for (const editor of this.#honest)
      must(editor.isSettled, () => `${editor.name} is not told that its edits are kept`);
    const found = differenceBetween(this.#innocent.doc, this.#friend.doc);
    must(found === undefined, () => `two innocents differ: ${found}`);
    must(this.#friend.doc.getMap("alive").get(this.#innocent.name) === "still", () => "an edit has not arrived");
  }
}
