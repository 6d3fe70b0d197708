/** Where on its slider a round trip is: every ten milliseconds has a step where networks are, every hundred far beyond. */
import { longestRoundTripMs } from "./conditions.js";

const scales = [
  { belowMs: 300, stepMs: 10 },
  { belowMs: 1_000, stepMs: 50 },
  { belowMs: longestRoundTripMs, stepMs: 100 },
] as const;

const steps: readonly number[] = scales.flatMap(({ belowMs, stepMs }, index) => {
  const fromMs = scales[index - 1]?.belowMs ?? 0;
  return Array.from({ length: (belowMs - fromMs) / stepMs }, (_, step) => fromMs + step * stepMs);
});

/** The slider's largest value; its smallest is 0. */
export const lastStep = steps.length;

export function roundTripAt(step: number): number {
  return steps[step] ?? longestRoundTripMs;
}

/** The last step that is not beyond it. */
export function stepOf(roundTripMs: number): number {
  const next = steps.findIndex((ms) => ms > roundTripMs);
  if (next >= 0) return Math.max(0, next - 1);
  return roundTripMs >= longestRoundTripMs ? lastStep : lastStep - 1;
}
