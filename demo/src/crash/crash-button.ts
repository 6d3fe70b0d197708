/**
 * "Crash the server": has it killed with kill -9 while the visitor types, waits until it is back, and reads from it what
 * had shown as on its disk. The panes are kept away meanwhile: what is found is what the server had.
 */
import { personIn } from "../people.js";
import { countOf, crashStory, type CrashNews, type PaneEdits } from "./crash-story.js";
import type { CrashSubject } from "./crash-subject.js";
import { askForCrash, askServer, isBack } from "./demo-server.js";
import { readRoom, type RoomPlace } from "./fresh-reader.js";
import { Hold } from "./hold.js";
import { missingFrom } from "./missing-edits.js";
import { SavedEdits } from "./saved-edits.js";
import "./crash.css";

export type { CrashSubject } from "./crash-subject.js";

export interface CrashButtonOptions {
  /** Hidden until the server says that it can be killed. */
  readonly button: HTMLButtonElement;
  readonly report: HTMLElement;
  readonly serverUrl: string;
  readonly room: () => string;
  /** The panes that are in the room now: see `watch`. */
  readonly subjects: () => readonly CrashSubject[];
}

type State = "idle" | "crashing";

const backLimitMs = 20_000;

export class CrashButton {
  readonly #options: CrashButtonOptions;
  #watched = new Map<CrashSubject, SavedEdits>();
  #state: State = "idle";

  constructor(options: CrashButtonOptions) {
    this.#options = options;
    options.button.hidden = true;
    options.button.addEventListener("click", this.#onClick);
    this.watch();
    void this.#showIfPossible();
  }

  /** To be called when panes have come or gone. Of edits made before that it cannot tell what they deleted. */
  watch(): void {
    const before = this.#watched;
    this.#watched = new Map(
      this.#options.subjects().map((subject) => [subject, before.get(subject) ?? new SavedEdits(subject)]),
    );
    for (const [subject, edits] of before) if (!this.#watched.has(subject)) edits.destroy();
  }

  async #showIfPossible(): Promise<void> {
    const server = await askServer();
    this.#options.button.hidden = server?.canCrash !== true;
  }

  readonly #onClick = (): void => {
    if (this.#state === "idle") void this.#crash();
  };

  async #crash(): Promise<void> {
    this.watch();
    const { serverUrl, room } = this.#options;
    const saved = [...this.#watched].map(([subject, { durable }]) => ({ name: nameOf(subject), edits: durable }));
    const hold = new Hold([...this.#watched.keys()]);
    this.#become("crashing");
    try {
      const news = await this.#killAndCompare(saved, { serverUrl, room: room() });
      this.#tell(news);
    } finally {
      hold.release();
      this.#become("idle");
    }
  }

  async #killAndCompare(saved: readonly PaneEdits[], place: RoomPlace): Promise<CrashNews> {
    this.#tell({ kind: "killing" });
    const former = await askServer();
    if (!former) return { kind: "unreachable" };
    // A wish without an answer may have been granted: who is killed at once says nothing any more.
    if ((await askForCrash()) === "refused") return { kind: "refused" };
    const killedAtMs = performance.now();
    this.#tell({ kind: "down" });
    if (!(await isBack(former, backLimitMs))) return { kind: "not-back", afterMs: backLimitMs };
    const awayMs = performance.now() - killedAtMs;
    this.#tell({ kind: "reading" });
    try {
      const missing = missingIn(await readRoom(place), saved);
      const savedCount = saved.reduce((sum, { edits }) => sum + countOf(edits), 0);
      return { kind: "compared", awayMs, savedCount, missing };
    } catch (error) {
      return { kind: "unread", awayMs, reason: error instanceof Error ? error.message : String(error) };
    }
  }

  #become(state: State): void {
    this.#state = state;
    // Not `disabled`: that would take the keyboard away from it.
    this.#options.button.ariaDisabled = String(state === "crashing");
  }

  #tell(news: CrashNews): void {
    const { tone, sentence } = crashStory(news);
    this.#options.report.dataset["tone"] = tone;
    this.#options.report.textContent = sentence;
  }
}

function missingIn(doc: CrashSubject["doc"], saved: readonly PaneEdits[]): readonly PaneEdits[] {
  return saved
    .map(({ name, edits }) => ({ name, edits: missingFrom(doc, edits) }))
    .filter(({ edits }) => edits.length > 0);
}

/** As the pane presents itself to others. */
function nameOf({ provider }: CrashSubject): string {
  return personIn(provider.awareness.getLocalState() ?? undefined).name;
}
