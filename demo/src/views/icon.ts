/** Small drawings on buttons, in the colour of the text around them. Each is one path on a 20 by 20 grid. */

const paths = {
  undo: "M4 8h8a4.5 4.5 0 0 1 0 9H8M4 8l3.5-3.5M4 8l3.5 3.5",
  redo: "M16 8H8a4.5 4.5 0 0 0 0 9h4M16 8l-3.5-3.5M16 8l-3.5 3.5",
  bin: "M4 6h12M8 6V4h4v2M5.5 6l.75 10.5h7.5L14.5 6M8.5 9v5M11.5 9v5",
  eraser: "M9 16.5h7M3.5 12.5l8-8 5 5-7 7H7.5zM7.5 8.5l5 5",
  grip: "M7.5 5v.01M12.5 5v.01M7.5 10v.01M12.5 10v.01M7.5 15v.01M12.5 15v.01",
  pointer: "M3 2l12.5 7-5.5 1.5L7 16z",
} as const;

export type IconName = keyof typeof paths;

const svg = "http://www.w3.org/2000/svg";

export function icon(name: IconName): SVGSVGElement {
  return drawingOf(paths[name]);
}

/** @param line a path on the grid */
export function drawingOf(line: string): SVGSVGElement {
  const drawing = document.createElementNS(svg, "svg");
  drawing.setAttribute("viewBox", "0 0 20 20");
  drawing.setAttribute("aria-hidden", "true");
  drawing.classList.add("tool-icon");
  const path = document.createElementNS(svg, "path");
  path.setAttribute("d", line);
  drawing.append(path);
  return drawing;
}

/** A button that shows a drawing and has `label` for a name. */
export function iconButton(name: IconName, label: string, onPress: () => void): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "tool";
  button.title = label;
  button.setAttribute("aria-label", label);
  button.append(icon(name));
  button.addEventListener("click", onPress);
  return button;
}
