/** y-monaco marks where others are with a class for each of them, and leaves color and name to the page's CSS. */
import type { Awareness } from "y-protocols/awareness";

export function nameCursors(awareness: Awareness): void {
  const style = document.head.appendChild(document.createElement("style"));
  awareness.on("change", () => {
    style.textContent = [...awareness.getStates()]
      .map(([clientId, { user }]) => ruleOf(clientId, user))
      .join("\n");
  });
}

/** What others say of themselves ends up in CSS: nothing but a color, and a name in quotes, gets there. */
function ruleOf(clientId: number, user: { name?: unknown; color?: unknown } | undefined): string {
  const name = JSON.stringify(String(user?.name ?? "Somebody").slice(0, 24));
  const color = /^#[0-9a-f]{6}$/i.test(String(user?.color)) ? String(user?.color) : "#777777";
  const selector = `.yRemoteSelection-${clientId}, .yRemoteSelectionHead-${clientId}`;
  return `${selector} { --name: ${name}; --person: ${color}; }`;
}
