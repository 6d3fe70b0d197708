/** A button that copies a text and says so, on the button and to who cannot see it. */
import { copyText } from "./clipboard.js";

const saidForMs = 2_000;

export function copyButton(
  button: HTMLButtonElement,
  status: HTMLElement,
  text: () => string,
  news = "The link is copied",
): void {
  const label = button.textContent;
  let forget: ReturnType<typeof setTimeout> | undefined;
  button.addEventListener("click", async () => {
    const isCopied = await copyText(text());
    button.textContent = isCopied ? "Copied" : "Copy it by hand";
    status.textContent = isCopied ? news : "This browser does not let the page copy";
    clearTimeout(forget);
    forget = setTimeout(() => {
      button.textContent = label;
      status.textContent = "";
    }, saidForMs);
  });
}
