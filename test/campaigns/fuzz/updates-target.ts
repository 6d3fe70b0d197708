/**
 * Admission, through the front door: honest editors and a hostile writer in one room, whose log is compacted and loaded again on
 * the way. Whatever was kept can be applied by everybody and leaves nobody stuck; what honest editors sent is never refused;
 * in the end all of them have the same document, and so has who comes later.
 */
import * as Y from "yjs";
import { edit } from "../../fixtures/histories.js";
import { hexOf } from "./byte-changes.js";
import { differenceBetween } from "./document-state.js";
import { HonestEditor } from "./honest-editor.js";
import { HostileMember } from "./hostile-member.js";
import { someHostile } from "./hostile-updates.js";
import { FuzzServer, type FuzzServerOptions } from "./server.js";
import type { Tape } from "./tape.js";
import { must, type Outcomes, type Target } from "./target.js";

const documentName = "room";

/** @param options of its server */
export function createUpdatesTarget(options: FuzzServerOptions = {}): Target {
  return { name: "updates", play: (tape, outcomes) => new RoomUnderAttack(tape, outcomes, options).run() };
}

class RoomUnderAttack {
  readonly #tape: Tape;
  readonly #outcomes: Outcomes;
  readonly #server: FuzzServer;
  readonly #editors: HonestEditor[] = [];
  readonly #hostile = new HostileMember(documentName);
  #clientCount = 0;

  constructor(tape: Tape, outcomes: Outcomes, options: FuzzServerOptions) {
    this.#tape = tape;
    this.#outcomes = outcomes;
    this.#server = new FuzzServer({ relay: tape.chance(0.25) ? "immediate" : "durable", ...options });
  }

  async run(): Promise<void> {
    const tape = this.#tape;
    for (let count = 1 + tape.int(3); count > 0; count--) await this.#join(this.#newEditor());
    for (let count = 4 + tape.int(40); count > 0; count--) {
      tape.beginStep();
      await this.#step();
      await this.#server.settle();
    }
    await this.#end();
  }

  async #step(): Promise<void> {
    const choice = this.#tape.int(42);
    if (choice < 14) return this.#edit();
    if (choice < 32) return this.#attack();
    if (choice < 34) return this.#hold();
    if (choice < 36) return this.#returnWithEdits();
    if (choice === 36) return this.#server.pass(1_000 + this.#tape.int(5_000));
    if (choice === 37) return this.#restart();
    if (choice === 38) return this.#export();
    if (choice === 39 && this.#editors.length < 4) return this.#join(this.#newEditor());
    this.#paste();
  }

  #newEditor(): HonestEditor {
    const clientId = 1_000_000 + ++this.#clientCount * 1_000 + this.#tape.int(1_000);
    return new HonestEditor({ documentName, clientId, name: `editor ${clientId}`, gc: this.#tape.chance(0.7) });
  }

  async #join(editor: HonestEditor): Promise<void> {
    this.#editors.push(editor);
    this.#tape.say(() => `${editor.name} comes`);
    editor.open(this.#server);
    await this.#server.settle();
  }

  #edit(): void {
    const editor = this.#tape.pick(this.#editors);
    this.#tape.say(() => `${editor.name} edits`);
    edit(this.#tape, editor);
    this.#outcomes.note("honest edit");
  }

  /** So many structs in one update that the server tries it first. */
  #paste(): void {
    const editor = this.#tape.pick(this.#editors);
    this.#tape.say(() => `${editor.name} pastes`);
    const text = editor.doc.getText("text");
    editor.doc.transact(() => {
      for (let count = 0; count < 70; count++) text.insert(0, "p");
    });
    this.#outcomes.note("honest paste");
  }

  async #attack(): Promise<void> {
    if (!this.#hostile.isMember) {
      this.#hostile.open(this.#server);
      await this.#server.settle();
    }
    // What somebody does off line nobody knows yet.
    const online = this.#editors.filter(({ isOnline }) => isOnline);
    const { kind, update } = someHostile(this.#tape, {
      updates: online.flatMap(({ sent }) => sent.slice(-20)),
      doc: online.length > 0 ? this.#tape.pick(online).doc : new Y.Doc(),
      // Who does not hear that somebody writes under its id goes on writing under it: that is for who knows the owners of ids.
      spared: new Set(online.filter(({ isHeld }) => isHeld).map(({ doc }) => doc.clientID)),
    });
    this.#tape.say(() => `hostile, ${kind}: ${hexOf(update)}`);
    this.#hostile.update(update);
    await this.#server.settle();
    this.#tape.say(() => `  answer: ${this.#hostile.answer}`);
    this.#outcomes.note(`${kind}: ${this.#hostile.answer}`);
  }

  #hold(): void {
    const editor = this.#tape.pick(this.#editors);
    editor.isHeld = !editor.isHeld;
    this.#tape.say(() => `${editor.name} ${editor.isHeld ? "hears nothing for now" : "hears again"}`);
  }

  /** Away it edits under an id that nobody has seen yet, as a page that was loaded anew does. */
  async #returnWithEdits(): Promise<void> {
    const editor = this.#tape.pick(this.#editors);
    await this.#hearAgain();
    editor.leave();
    await this.#server.settle();
    editor.doc.clientID = this.#newClientId();
    this.#tape.say(() => `${editor.name} goes away and comes back with edits, as ${editor.doc.clientID}`);
    for (let count = this.#tape.int(4); count > 0; count--) edit(this.#tape, editor);
    if (this.#tape.chance(0.5)) await this.#attack();
    editor.open(this.#server);
  }

  #newClientId(): number {
    return 2_000_000 + ++this.#clientCount;
  }

  async #restart(): Promise<void> {
    await this.#hearAgain();
    this.#tape.say(() => "the server starts anew");
    for (const editor of this.#editors) editor.leave();
    this.#hostile.leave();
    await this.#server.restart();
    // What was sent and not acknowledged would be sent again under ids that others may have used meanwhile.
    for (const editor of this.#editors) editor.open(this.#server);
  }

  async #export(): Promise<void> {
    await this.#assertStored("on the way");
  }

  async #hearAgain(): Promise<void> {
    for (const editor of this.#editors) editor.isHeld = false;
    await this.#server.settle();
  }

  async #end(): Promise<void> {
    this.#tape.beginStep();
    await this.#hearAgain();
    this.#hostile.leave();
    await this.#assertAlive();
    this.#assertAlike();
    await this.#assertNewcomerSees();
    await this.#assertStored("in the end");
    for (const editor of this.#editors) editor.leave();
    await this.#server.assertEmpty();
    await this.#server.restart();
    await this.#assertNewcomerSees();
    const { problems } = await this.#patiently(this.#server.engine.documents.check(documentName));
    must(problems.length === 0, () => `the log has problems: ${JSON.stringify(problems)}`);
  }

  /** An edit of each reaches all the others, and is kept. */
  async #assertAlive(): Promise<void> {
    for (const editor of this.#editors) {
      editor.doc.getMap("alive").set(`${editor.doc.clientID}`, this.#clientCount);
      const key = `${editor.doc.clientID}`;
      await this.#server.settle();
      for (const other of this.#editors) {
        must(other.isSettled, () => `${other.name} is not told that its edits are kept`);
        must(other.doc.getMap("alive").has(key), () => `${other.name} does not see what ${editor.name} wrote`);
      }
    }
  }

  #assertAlike(): void {
    for (const { doc, name } of this.#editors) this.#assertSame(doc, name);
  }

  async #assertNewcomerSees(): Promise<void> {
    const newcomer = this.#newEditor();
    newcomer.open(this.#server);
    await this.#server.settle();
    this.#assertSame(newcomer.doc, "a newcomer");
    newcomer.leave();
    await this.#server.settle();
  }

  async #assertStored(when: string): Promise<void> {
    if (this.#editors.some((editor) => editor.isHeld || !editor.isSettled)) return;
    // Nothing was ever written.
    if (this.#editors.every(({ doc }) => doc.store.clients.size === 0)) return;
    const update = await this.#patiently(this.#server.engine.documents.export(documentName));
    const doc = new Y.Doc();
    Y.applyUpdate(doc, update);
    must(doc.store.pendingStructs === null, () => `${when}, the export leans on something missing`);
    this.#assertSame(doc, `${when}, the export`);
  }

  #assertSame(doc: Y.Doc, what: string): void {
    const [first] = this.#editors;
    const found = first && differenceBetween(first.doc, doc);
    must(found === undefined, () => `${what} has another document than ${first?.name}: ${found}`);
  }

  /** Lets the server go on while something is waited for. */
  async #patiently<Result>(work: Promise<Result>): Promise<Result> {
    await this.#server.settle();
    return work;
  }
}
