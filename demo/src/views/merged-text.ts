/** Text that others wrote while this pane was away is shown as such for a moment; merged-text.css is what it looks like. */
import "./merged-text.css";

export const mergedClass = "merged-text";

/** As long as the animation. Without one it is a tint for as long. */
export const mergedForMs = 1_600;
