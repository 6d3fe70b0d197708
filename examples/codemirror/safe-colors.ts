/** y-codemirror.next writes people's colors into style attributes as they came: whoever is in the room could style the page. */
import type { Awareness } from "y-protocols/awareness";

/** To be called before the editor is made: it must hear of presence first. Returns what ends it. */
export function makeColorsSafe(awareness: Awareness): () => void {
  const clean = () => {
    for (const { user } of awareness.getStates().values()) {
      if (typeof user !== "object" || user === null) continue;
      if (!/^#[0-9a-f]{6}$/i.test(user.color)) user.color = "#777777";
      user.colorLight = `${user.color}33`;
    }
  };
  awareness.on("change", clean);
  return () => awareness.off("change", clean);
}
