/** What a room does with the updates of members that may change some root types only, without members and without threads. */
import * as Y from "yjs";
import { admit } from "../src/update/admission.js";
import { Contents } from "../src/update/contents.js";
import { scanUpdate } from "../src/update/scan.js";
import { transactAsAuthor } from "../src/worker/document.js";
import { Trials } from "../src/worker/trial.js";

/** `nothing-new` and `appended` are as good as an ack; `gap` is parked. */
export type Answer =
  | { readonly kind: "appended" | "nothing-new" | "gap" | "malformed" }
  | { readonly kind: "declined"; readonly root: string };

export class PartialRoom {
  /** The log. */
  readonly pieces: Uint8Array[] = [];
  readonly contents = new Contents();
  /** Updates of which deletions were left out. */
  leftOutCount = 0;
  readonly #trials = new Trials();

  /** @param roots those its author may change; `undefined`: all */
  receive(update: Uint8Array, roots?: readonly string[]): Answer {
    const admission = admit(update, this.contents, { trustHeavy: true });
    if (admission.kind === "refused") return { kind: "malformed" };
    if (admission.kind !== "new") return { kind: admission.kind === "gap" ? "gap" : "nothing-new" };
    if (roots === undefined) return this.#append(admission.update);
    this.#bringUpToDate();
    const check = this.#trials.check("document", admission.update, roots);
    if (check.kind === "outside") return { kind: "declined", root: check.root };
    if (check.update !== admission.update) this.leftOutCount += 1;
    return this.#append(check.update);
  }

  /** As a replica has it that was there from the first update. */
  document(gc = true): Y.Doc {
    const doc = new Y.Doc({ gc });
    for (const piece of this.pieces) transactAsAuthor(doc, () => Y.applyUpdate(doc, piece));
    return doc;
  }

  get stateVector(): Uint8Array {
    return this.contents.stateVector.encode();
  }

  #append(update: Uint8Array): Answer {
    const admission = admit(update, this.contents, { trustHeavy: true });
    if (admission.kind !== "new") return { kind: "nothing-new" };
    this.pieces.push(admission.update.slice());
    this.contents.absorb(scanUpdate(admission.update));
    return { kind: "appended" };
  }

  #bringUpToDate(): void {
    const version = this.pieces.length;
    this.#trials.build("document", version, this.pieces.slice(this.#trials.versionOf("document") ?? 0));
  }
}
