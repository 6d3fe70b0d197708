/** Spans of time as a person writes them: `30s`, `15m`, `1h`, `30d`. */
import { InvalidArgumentError } from "commander";

const unitMs: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** In milliseconds. @throws {InvalidArgumentError} */
export function duration(text: string): number {
  const [, count = "", unit = ""] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  const ms = Number(count) * (unitMs[unit] ?? 0);
  if (ms > 0) return ms;
  throw new InvalidArgumentError("A time is a number with s, m, h or d: 30s, 15m, 1h, 30d.");
}
