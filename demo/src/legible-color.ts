/** Colours that can be seen on the ground they are drawn on. A line has one colour for all; the ground is each reader's. */

export type Rgb = readonly [red: number, green: number, blue: number];

/** More than the 3 that WCAG asks of drawings: lines are thin. */
const leastContrast = 4;
const stepCount = 10;

/** `color`, or as little lighter or darker as it takes to be told from `ground`. */
export function legibleColor(color: string, ground: Rgb): string {
  const rgb = rgbOf(color);
  const towards: Rgb = luminance(ground) < 0.18 ? [255, 255, 255] : [0, 0, 0];
  for (let step = 0; step <= stepCount; step += 1) {
    const mixed = mix(rgb, towards, step / stepCount);
    if (contrast(mixed, ground) >= leastContrast) return step === 0 ? color : hexOf(mixed);
  }
  return hexOf(towards);
}

/** 1 for two that are the same, 21 for black and white. */
export function contrast(one: Rgb, other: Rgb): number {
  const [darker = 0, lighter = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

/** @param color `#rrggbb` */
export function rgbOf(color: string): Rgb {
  const value = Number.parseInt(color.slice(1), 16);
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255];
}

/** @param style as browsers compute it, `rgb(12, 34, 56)`; anything else is taken for white */
export function rgbOfStyle(style: string): Rgb {
  const [, red, green, blue] = /^rgba?\((\d+),? (\d+),? (\d+)/.exec(style) ?? ["", "255", "255", "255"];
  return [Number(red), Number(green), Number(blue)];
}

function luminance(rgb: Rgb): number {
  const [red = 0, green = 0, blue = 0] = rgb.map((channel) => {
    const share = channel / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function mix(from: Rgb, to: Rgb, share: number): Rgb {
  const [red, green, blue] = [0, 1, 2].map((at) => Math.round((from[at] ?? 0) * (1 - share) + (to[at] ?? 0) * share));
  return [red ?? 0, green ?? 0, blue ?? 0];
}

function hexOf(rgb: Rgb): string {
  return `#${rgb.map((channel) => channel.toString(16).padStart(2, "0")).join("")}`;
}
