/** Other people say which colour they have, and BlockNote writes that into style attributes as it comes: it could be any CSS. */
import type { Awareness } from "y-protocols/awareness";

/** Gives grey to who has no `#rrggbb`. To be called before the editor is made, so that it never sees another. */
export function keepColorsSafe(awareness: Awareness): void {
  awareness.on("change", () => {
    for (const { user } of awareness.getStates().values()) {
      if (user && !/^#[0-9a-f]{6}$/i.test(String(user.color))) user.color = "#777777";
    }
  });
}
