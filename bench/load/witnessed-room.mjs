/**
 * A document in which one author after another types, each until the server dies, while a reader notes what it has been shown.
 * Afterwards a real Y.Doc says what of it is still there. The dead server's author and reader do not come back: what only they
 * had is gone.
 */
import { setTimeout as pause } from "node:timers/promises";
import * as Y from "yjs";
import { AcknowledgedWriter } from "../client/acknowledged-writer.mjs";
import { EditReader } from "../client/edit-reader.mjs";
import { LightClient } from "../client/light-client.mjs";
import { textName } from "./histories.mjs";

/** @typedef {Awaited<ReturnType<typeof import("../server/server-process.mjs").startServer>>} Server */
/** @typedef {import("./histories.mjs").History} History An edit of it is one character, and the author's clock counts them. */

/** What is known of one author's edits. */
class Author {
  sentCount = 0;
  /** Shown to somebody else. */
  shownCount = 0;
  /** The author was told that it is on disk. */
  acknowledgedCount = 0;
  shownAtMs;

  /** @param {History} history */
  constructor(history) {
    this.history = history;
    this.shownAtMs = new Float64Array(history.updates.length);
  }

  /** @param {number} count */
  shown(count) {
    this.shownAtMs.fill(performance.now(), this.shownCount, Math.max(count, this.shownCount));
    this.shownCount = Math.max(count, this.shownCount);
  }
}

/**
 * @typedef {object} Losses
 * @property {string} [wrong] The content is not that of the edits that are there.
 * @property {number} shownCount Since the last look.
 * @property {number} lostShown Of these.
 * @property {number} acknowledgedCount Since the last look.
 * @property {number} lostAcknowledged Of these.
 * @property {number} oldestLostMs How long before the death the first lost one had been shown.
 */

export class WitnessedRoom {
  name;
  /** @type {Author[]} */
  #authors = [];
  /** @type {LightClient | undefined} */
  #reader;
  /** @type {LightClient | AcknowledgedWriter | undefined} */
  #writer;
  /** @type {(edit: number) => void} */
  #send = () => undefined;
  #edits = new EditReader((/** @type {Author} */ author, clientID, clock, length) => {
    if (clientID === author.history.clientID) author.shown(clock + length);
  });

  /** @param {string} name */
  constructor(name) {
    this.name = name;
  }

  /** A new author begins to write `history`, and somebody reads. @param {Server} server @param {History} history */
  async join({ port, peer }, history) {
    const { name } = this;
    const author = new Author(history);
    this.#authors.push(author);
    this.#reader = new LightClient({
      port,
      name,
      peer,
      onUpdate: (bytes, start) => this.#edits.read(bytes, start, author),
    });
    if (peer.name.startsWith("syncline")) {
      const writer = (this.#writer = new AcknowledgedWriter({ port, name, clientID: history.clientID }));
      this.#send = (edit) => writer.write(history.updates[edit]);
    } else {
      const writer = (this.#writer = new LightClient({ port, name, peer }));
      const frames = history.updates.map((update) => peer.dialect.updateFrame(name, update));
      this.#send = (edit) => writer.send(frames[edit]);
    }
    await Promise.all([this.#reader.ready, this.#writer.ready]);
  }

  /** The next edit. @throws when there is none, or nobody to send it */
  type() {
    const author = this.#author;
    const closedBecause = this.#reader?.closedBecause ?? this.#writer?.closedBecause;
    if (closedBecause) throw new Error(`while typing: ${closedBecause}`);
    if (author.sentCount === author.history.updates.length) throw new Error("the author has nothing more to type");
    this.#send(author.sentCount);
    author.sentCount += 1;
  }

  /** Resolves when all that the dead server had sent has been read. */
  async bereaved() {
    while (!this.#reader?.closedBecause || !this.#writer?.closedBecause) await pause(2);
    const writer = this.#writer;
    if (writer instanceof AcknowledgedWriter) this.#author.acknowledgedCount = writer.acknowledgedCount;
  }

  /**
   * What of it a new server has. From then on that counts as shown: the next look tells what was lost since.
   *
   * @param {Server} server
   * @param {number} diedAtMs
   * @returns {Promise<Losses>}
   */
  async look(server, diedAtMs) {
    const doc = await this.#open(server);
    const clocks = Y.decodeStateVector(Y.encodeStateVector(doc));
    const losses = { shownCount: 0, lostShown: 0, acknowledgedCount: 0, lostAcknowledged: 0, oldestLostMs: 0 };
    for (const author of this.#authors) {
      const present = clocks.get(author.history.clientID) ?? 0;
      // Of earlier authors all was counted that did not survive their server.
      if (author === this.#author) {
        losses.shownCount += author.shownCount;
        losses.acknowledgedCount += author.acknowledgedCount;
      }
      losses.lostShown += Math.max(0, author.shownCount - present);
      losses.lostAcknowledged += Math.max(0, author.acknowledgedCount - present);
      if (present < author.shownCount && author === this.#author) {
        losses.oldestLostMs = diedAtMs - author.shownAtMs[present];
      }
      author.shownCount = present;
      author.acknowledgedCount = Math.min(present, author.acknowledgedCount);
    }
    return { ...losses, wrong: this.#wrong(doc, clocks) };
  }

  leave() {
    this.#reader?.leave();
    this.#writer?.leave();
  }

  get #author() {
    return this.#authors[this.#authors.length - 1];
  }

  /** @param {Server} server */
  async #open(server) {
    const { port, peer } = server;
    const doc = new Y.Doc();
    const client = new LightClient({
      port,
      name: this.name,
      peer,
      onUpdate: (bytes, start, end) => Y.applyUpdate(doc, bytes.subarray(start, end)),
    });
    await client.ready;
    // One that says "synced" before it has loaded the document still sends it.
    await server.untilIdle(30_000);
    client.leave();
    return doc;
  }

  /** @type {(doc: Y.Doc, clocks: Map<number, number>) => string | undefined} */
  #wrong(doc, clocks) {
    const expected = new Y.Doc();
    for (const { history } of this.#authors) {
      for (const update of history.updates.slice(0, clocks.get(history.clientID) ?? 0)) Y.applyUpdate(expected, update);
    }
    const isSame = doc.getText(textName).toString() === expected.getText(textName).toString();
    return isSame ? undefined : `${this.name} does not hold what its edits make`;
  }
}
