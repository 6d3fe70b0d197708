/** y-monaco marks where others are with a class for each of them, and leaves color and name to the page's CSS. */
import type { Awareness } from "y-protocols/awareness";

/** @param presence of `scopedAwareness`: a color is one there, and a name is text */
export function nameCursors(presence: Awareness): void {
  const style = document.head.appendChild(document.createElement("style"));
  presence.on("change", () => {
    style.textContent = [...presence.getStates()]
      .map(([clientId, { user }]) => ruleOf(clientId, user))
      .join("\n");
  });
}

function ruleOf(clientId: number, user: { name?: string; color?: string } | undefined): string {
  // In quotes, or a name could be any CSS.
  const name = JSON.stringify((user?.name ?? "Somebody").slice(0, 24));
  const selector = `.yRemoteSelection-${clientId}, .yRemoteSelectionHead-${clientId}`;
  return `${selector} { --name: ${name}; --person: ${user?.color ?? "#777777"}; }`;
}
