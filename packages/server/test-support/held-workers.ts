/** Does on the spot what a room's threads would, when the test lets it. For tests. */
import type { Workers } from "../src/engine.js";
import type { Pieces } from "../src/worker/jobs.js";
import { scanLarge } from "../src/worker/large-update.js";
import { Trials } from "../src/worker/trial.js";

const unused = () => Promise.reject(new Error("nobody asks for that here"));

export class HeldWorkers implements Workers {
  /** What was asked of them, in order. */
  readonly did: ("scan" | "check" | "trial")[] = [];
  readonly #trials = new Trials();
  #gate: Promise<unknown> = Promise.resolve();

  /** Until the returned function is called no update is looked through, and none is looked at for where it belongs. */
  hold(): () => void {
    let release: () => void = () => undefined;
    this.#gate = new Promise<void>((resolve) => (release = resolve));
    return release;
  }

  readonly compact = unused;
  readonly content = unused;
  readonly diff = unused;
  readonly salvage = unused;
  readonly close = () => Promise.resolve();

  readonly forget = (documentKey: string): void => this.#trials.forget(documentKey);

  readonly scan: Workers["scan"] = async (request) => {
    this.did.push("scan");
    await this.#gate;
    return scanLarge(request);
  };

  readonly checkRoots: Workers["checkRoots"] = async ({ documentKey, version, piecesSince, roots, update }) => {
    this.did.push("check");
    const pieces = await listOf(piecesSince(this.#trials.versionOf(documentKey)));
    await this.#gate;
    this.#trials.build(documentKey, version, pieces);
    return this.#trials.check(documentKey, update, roots);
  };

  readonly trial: Workers["trial"] = async ({ documentKey, version, piecesSince, stateVector, update }) => {
    this.did.push("trial");
    this.#trials.build(documentKey, version, await listOf(piecesSince(this.#trials.versionOf(documentKey))));
    return this.#trials.apply(documentKey, update, stateVector);
  };
}

async function listOf(pieces: Pieces): Promise<Uint8Array[]> {
  const list: Uint8Array[] = [];
  for await (const piece of pieces) list.push(piece.slice());
  return list;
}
