/** How to bring others into the room: the link, a code for phones to scan, and a link for those who may only look. */
import { copyButton } from "./copy-button.js";
import { part } from "./dom.js";
import { hashOf, type RoomAddress } from "./room-address.js";

export class ShareDialog {
  readonly #dialog: HTMLDialogElement;
  readonly #code: HTMLElement;
  readonly #link: HTMLInputElement;
  readonly #readOnlyLink: HTMLInputElement;

  constructor(root: ParentNode) {
    this.#dialog = part(root, "share-dialog", HTMLDialogElement);
    this.#code = part(this.#dialog, "qr", HTMLElement);
    this.#link = part(this.#dialog, "link", HTMLInputElement);
    this.#readOnlyLink = part(this.#dialog, "read-only-link", HTMLInputElement);
    part(this.#dialog, "local", HTMLElement).hidden = !isOnThisMachineOnly(location.hostname);
    for (const [input, name] of [
      [this.#link, "copy-link"],
      [this.#readOnlyLink, "copy-read-only-link"],
    ] as const) {
      const status = part(this.#dialog, "shared", HTMLElement);
      copyButton(part(this.#dialog, name, HTMLButtonElement), status, () => input.value);
      input.addEventListener("focus", () => input.select());
    }
    // The backdrop is the dialog itself, beside its content.
    this.#dialog.addEventListener("click", ({ target }) => target === this.#dialog && this.#dialog.close());
  }

  async open(address: RoomAddress): Promise<void> {
    this.#link.value = linkTo({ ...address, isReadOnly: false });
    this.#readOnlyLink.value = linkTo({ ...address, isReadOnly: true });
    // Who may only look passes on no more than that.
    part(this.#dialog, "may-edit", HTMLElement).hidden = address.isReadOnly;
    this.#dialog.showModal();
    const { renderSVG } = await import("uqr").catch(() => ({ renderSVG: undefined }));
    this.#code.hidden = renderSVG === undefined;
    if (!renderSVG) return;
    const url = address.isReadOnly ? this.#readOnlyLink.value : this.#link.value;
    const svg = new DOMParser().parseFromString(renderSVG(url, { border: 2 }), "image/svg+xml").documentElement;
    this.#code.replaceChildren(svg);
  }
}

export function linkTo(address: RoomAddress): string {
  return new URL(hashOf(address), location.href).href;
}

function isOnThisMachineOnly(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || hostname.startsWith("127.");
}
