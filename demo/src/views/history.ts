/** Undo and redo of what one person did in one view: never of what others did meanwhile. With its two buttons and keys. */
import * as Y from "yjs";
import { iconButton } from "./icon.js";

export interface HistoryOptions {
  readonly scope: ConstructorParameters<typeof Y.UndoManager>[0];
  /** In ms: changes that follow each other within it are taken back together. */
  readonly captureTimeout: number;
}

type Step = "undo" | "redo";

export class History {
  /** Undo and redo. */
  readonly buttons: readonly HTMLButtonElement[];
  /** Marks the changes that are this person's. */
  readonly origin = Symbol("this view");
  readonly #doc: Y.Doc;
  readonly #manager: Y.UndoManager;
  readonly #undo = iconButton("undo", "Undo", () => this.#step("undo"));
  readonly #redo = iconButton("redo", "Redo", () => this.#step("redo"));
  #isReadOnly = false;

  constructor(doc: Y.Doc, { scope, captureTimeout }: HistoryOptions) {
    this.#doc = doc;
    this.#manager = new Y.UndoManager(scope, { captureTimeout, trackedOrigins: new Set([this.origin]) });
    this.buttons = [this.#undo, this.#redo];
    for (const change of ["stack-item-added", "stack-item-popped", "stack-cleared"] as const) {
      this.#manager.on(change, () => this.#show());
    }
    this.#show();
  }

  set isReadOnly(isReadOnly: boolean) {
    this.#isReadOnly = isReadOnly;
    this.#show();
  }

  /** Changes the document, in one transaction. */
  change(change: () => void): void {
    this.#doc.transact(change, this.origin);
  }

  /** What follows is taken back on its own, however soon it follows. */
  startStep(): void {
    this.#manager.stopCapturing();
  }

  /**
   * Ctrl+Z, Ctrl+Shift+Z, Ctrl+Y, the same with the Mac's command key, and the browser's own menu.
   *
   * @param isMeant whether it is about the document now, and not about a field's own text
   */
  listenTo(element: HTMLElement, isMeant: () => boolean = () => true): void {
    const take = (event: KeyboardEvent | InputEvent, step: Step | undefined) => {
      if (!step || !isMeant()) return;
      event.preventDefault();
      this.#step(step);
    };
    element.addEventListener("keydown", (event) => take(event, stepOfKey(event)));
    element.addEventListener("beforeinput", (event) => take(event, stepOfInput(event)));
  }

  destroy(): void {
    this.#manager.destroy();
  }

  #step(step: Step): void {
    if (!this.#isReadOnly) this.#manager[step]();
  }

  /** A button that has the focus stays in reach when there is nothing left to do: only how it looks changes. */
  #show(): void {
    const { undoStack, redoStack } = this.#manager;
    this.#undo.setAttribute("aria-disabled", String(this.#isReadOnly || undoStack.length === 0));
    this.#redo.setAttribute("aria-disabled", String(this.#isReadOnly || redoStack.length === 0));
  }
}

function stepOfKey({ key, ctrlKey, metaKey, shiftKey, altKey }: KeyboardEvent): Step | undefined {
  if (ctrlKey === metaKey || altKey) return undefined;
  const pressed = key.toLowerCase();
  if (pressed === "z") return shiftKey ? "redo" : "undo";
  return pressed === "y" ? "redo" : undefined;
}

function stepOfInput({ inputType }: InputEvent): Step | undefined {
  if (inputType === "historyUndo") return "undo";
  return inputType === "historyRedo" ? "redo" : undefined;
}
