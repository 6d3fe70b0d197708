/** The room is in the address: `#quiet-harbour-42`. Whoever opens the same address edits the same document. */
import { part } from "./dom.js";

const adjectives = "amber bright calm clear deep early gentle mossy north open quiet silver slow still warm wide";
const places = "basin bay brook canyon cove dune field fjord grove harbour hollow island meadow ridge shore valley";

export class ShareLink {
  readonly #room: HTMLElement;
  readonly #copied: HTMLElement;
  readonly #button: HTMLButtonElement;
  #forgetCopied: ReturnType<typeof setTimeout> | undefined;

  constructor(root: ParentNode) {
    this.#room = part(root, "room", HTMLElement);
    this.#copied = part(root, "copied", HTMLElement);
    this.#button = part(root, "copy", HTMLButtonElement);
    this.#button.addEventListener("click", () => void this.#copy());
  }

  /** The room the address names; without one, the address gets a fresh name. */
  enterRoom(): string {
    const named = roomIn(location.hash);
    const room = named ?? freshRoom();
    if (named === undefined) this.putInAddress(room);
    this.#room.textContent = room;
    this.#room.title = room;
    document.title = `${room} · Syncline`;
    return room;
  }

  /** Without an event, and without a step for the back button. */
  putInAddress(room: string): void {
    history.replaceState(null, "", `#${encodeURIComponent(room)}`);
  }

  async #copy(): Promise<void> {
    const isCopied = await copyText(location.href);
    const news = isCopied ? "Copied" : "Copy the address above";
    this.#button.textContent = news;
    this.#copied.textContent = isCopied ? "The link is copied" : news;
    clearTimeout(this.#forgetCopied);
    this.#forgetCopied = setTimeout(() => {
      this.#button.textContent = "Copy link";
      this.#copied.textContent = "";
    }, 2_000);
  }
}

function roomIn(hash: string): string | undefined {
  const encoded = hash.replace(/^#/, "");
  if (encoded === "") return undefined;
  try {
    return decodeURIComponent(encoded);
  } catch {
    // Someone typed a lone "%": then that is the name.
    return encoded;
  }
}

function freshRoom(): string {
  return `${oneOf(adjectives.split(" "))}-${oneOf(places.split(" "))}-${randomBelow(90) + 10}`;
}

function oneOf(words: readonly string[]): string {
  return words[randomBelow(words.length)] ?? "room";
}

function randomBelow(limit: number): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return random % limit;
}

/** Browsers offer the clipboard on https and localhost only; elsewhere the old way still works. */
async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return copySelection(text);
  }
}

function copySelection(text: string): boolean {
  const focused = document.activeElement;
  const field = document.createElement("textarea");
  field.value = text;
  field.className = "visually-hidden";
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (focused instanceof HTMLElement) focused.focus();
  return isCopied;
}
