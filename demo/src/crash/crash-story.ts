/** What a visitor is told of a crash, as a function of what was found. It must never say more than was seen. */
import { editsInWords } from "../edit-words.js";
import type { Edit } from "./saved-edits.js";

export interface PaneEdits {
  /** Whose pane it is. */
  readonly name: string;
  readonly edits: readonly Edit[];
}

export type CrashNews =
  | { readonly kind: "killing" }
  | { readonly kind: "down" }
  | { readonly kind: "reading" }
  /** Nobody answered when the server was to be killed. */
  | { readonly kind: "unreachable" }
  | { readonly kind: "refused" }
  | { readonly kind: "not-back"; readonly afterMs: number }
  | { readonly kind: "unread"; readonly awayMs: number; readonly reason: string }
  | {
      readonly kind: "compared";
      readonly awayMs: number;
      /** How many edits showed as on disk when the server was killed. */
      readonly savedCount: number;
      /** Of these; only panes of which something is missing. */
      readonly missing: readonly PaneEdits[];
    };

export type CrashTone = "busy" | "good" | "note" | "alarm";

export interface CrashStory {
  readonly tone: CrashTone;
  readonly sentence: string;
}

export function crashStory(news: CrashNews): CrashStory {
  switch (news.kind) {
    case "killing":
      return { tone: "busy", sentence: "The server is being killed…" };
    case "down":
      return { tone: "busy", sentence: "It is down; you can type on." };
    case "reading":
      return { tone: "busy", sentence: "It is back. Reading from its disk…" };
    case "unreachable":
      return { tone: "note", sentence: "The server does not answer, so it could not be killed either." };
    case "refused":
      return { tone: "note", sentence: "The server did not let this page kill it. It goes on as before." };
    case "not-back":
      return { tone: "alarm", sentence: notBackSentence(news.afterMs) };
    case "unread":
      return {
        tone: "note",
        sentence: `${killed(news.awayMs)} The room could not be read to compare: ${news.reason}.`,
      };
    case "compared":
      return comparedStory(news);
  }
}

function comparedStory({ awayMs, savedCount, missing }: Extract<CrashNews, { kind: "compared" }>): CrashStory {
  if (missing.length === 0) return { tone: "good", sentence: `${killed(awayMs)} ${allThere(savedCount)}` };
  const missingCount = missing.reduce((sum, { edits }) => sum + countOf(edits), 0);
  const which = missing.map(({ name, edits }) => `${numbersOf(edits)} of ${name}’s pane`).join(", and ");
  const are = missingCount === 1 ? "is" : "are";
  const sentence = `${killed(awayMs)} Of ${editsInWords(savedCount)} that showed as on disk, ${missingCount.toLocaleString("en")} ${are} missing: ${which}.`;
  return { tone: "alarm", sentence };
}

export function countOf(edits: readonly Edit[]): number {
  return edits.reduce((sum, { count }) => sum + count, 0);
}

function notBackSentence(afterMs: number): string {
  const how = "start it again with npm start, and the panes connect by themselves";
  return `Killed with kill -9, and not back after ${seconds(afterMs, 0)}: ${how}.`;
}

function killed(awayMs: number): string {
  return `Killed with kill -9 and back after ${seconds(awayMs, 1)}.`;
}

function allThere(savedCount: number): string {
  if (savedCount === 0) return "No edit of these panes had shown as on disk yet.";
  if (savedCount === 1) return "The one edit that showed as on disk is there.";
  return `All ${editsInWords(savedCount)} that showed as on disk are there.`;
}

/** `edits 3 to 7 and 9`: as the pane counts them. */
function numbersOf(edits: readonly Edit[]): string {
  const runs: { first: number; last: number }[] = [];
  for (const { number, count } of edits) {
    const run = runs.at(-1);
    const first = number - count + 1;
    if (run && first === run.last + 1) run.last = number;
    else runs.push({ first, last: number });
  }
  const words = runs.map(({ first, last }) => (first === last ? String(first) : `${first} to ${last}`));
  const list = words.length > 1 ? `${words.slice(0, -1).join(", ")} and ${words.at(-1)}` : words.join("");
  return `${countOf(edits) === 1 ? "edit" : "edits"} ${list}`;
}

function seconds(ms: number, digits: number): string {
  return `${(ms / 1000).toFixed(digits)} s`;
}
