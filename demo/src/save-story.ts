/**
 * What a visitor is told about their edits, as a function of what the provider knows. It must never say more than is
 * known: "on disk" only what the server has acknowledged as durable.
 */
import type { ConnectionStatus, DocumentAccess, SaveState } from "@syncline/client";
import { editsInWords } from "./edit-words.js";

export interface PaneState {
  readonly isSwitchedOff: boolean;
  readonly status: ConnectionStatus;
  readonly isSynced: boolean;
  /** The document was seen as a whole at least once. */
  readonly hasContent: boolean;
  readonly saveState: SaveState;
  readonly access: DocumentAccess;
  /** What the server did not take and never will. */
  readonly rejected: { readonly reason: string } | undefined;
  /** Why the server closed the document for good. */
  readonly closed: ClosedFor | undefined;
}

interface ClosedFor {
  readonly code: number;
  readonly reason: string;
}

/** `gone`: closed, and asking again would not help. */
export type Tone =
  "loading" | "offline" | "reconnecting" | "returning" | "held" | "saving" | "saved" | "closed" | "gone";

export interface SaveStory {
  readonly tone: Tone;
  readonly sentence: string;
}

export function saveStory(state: PaneState): SaveStory {
  const waiting = state.saveState.inThisBrowser - state.saveState.durable;
  if (state.closed) return closedStory(state.closed, state.hasContent, waiting);
  if (state.isSwitchedOff) return { tone: "offline", sentence: offlineSentence(state, waiting) };
  if (!state.hasContent) return { tone: "loading", sentence: loadingSentence(state) };
  if (state.status !== "connected") return { tone: "reconnecting", sentence: reconnectingSentence(state.saveState) };
  if (state.rejected && state.access.level === "write") {
    return { tone: "held", sentence: rejectedSentence(state.rejected.reason, waiting) };
  }
  if (state.access.level !== "write") return { tone: "held", sentence: heldSentence(state.access, waiting) };
  if (!state.isSynced) return { tone: "returning", sentence: returningSentence(waiting) };
  if (waiting > 0) return { tone: "saving", sentence: savingSentence(state.saveState) };
  return { tone: "saved", sentence: savedSentence(state.saveState) };
}

/** By the close codes of PROTOCOL.md: the text on the screen is no longer the document's. */
const goneBecause: Readonly<Record<number, string>> = {
  4404: "This document was deleted on the server.",
  4409: "This document was replaced on the server.",
};

function closedStory({ code, reason }: ClosedFor, hasContent: boolean, waiting: number): SaveStory {
  const gone = goneBecause[code];
  const sentences = [gone ?? `The server closed this document: ${reason || "it gave no reason"} (${code}).`];
  if (waiting > 0) sentences.push(`${editsInWords(waiting)} only in this browser.`);
  if (gone && hasContent) sentences.push("The text in this tab is still here to copy, before you reload the page.");
  return { tone: gone ? "gone" : "closed", sentence: sentences.join(" ") };
}

function heldSentence({ reason }: DocumentAccess, waiting: number): string {
  if (reason === "") return readerSentence(waiting);
  const what = waiting > 0 ? `${editsInWords(waiting)} ${waiting === 1 ? "is" : "are"}` : "What you type is";
  return `${asSentence(reason)} ${what} kept in this tab and will be sent.`;
}

function readerSentence(waiting: number): string {
  const sentence = "You may read this document, not change it.";
  return waiting > 0 ? `${sentence} ${editsInWords(waiting)} only in this tab.` : sentence;
}

function rejectedSentence(reason: string, waiting: number): string {
  return `The server did not take an edit: ${reason.replace(/\.$/, "")}. ${editsInWords(waiting)} only in this tab.`;
}

function offlineSentence({ hasContent }: PaneState, waiting: number): string {
  if (!hasContent) return "Offline, and the document was not loaded yet.";
  if (waiting === 0) return "Offline. Type on: your edits wait here until you switch back.";
  return `${editsInWords(waiting)} only in this browser. Keep this tab open until you switch back.`;
}

function loadingSentence({ status }: PaneState): string {
  return status === "disconnected" ? "The server does not answer. Trying again…" : "Loading the document…";
}

function reconnectingSentence({ inThisBrowser, durable }: SaveState): string {
  const waiting = inThisBrowser - durable;
  if (waiting > 0) return `Reconnecting… ${editsInWords(waiting)} waiting in this browser, nothing is lost.`;
  if (durable > 0) return "Reconnecting… What you wrote is on the server’s disk. You can type on.";
  return "Reconnecting… You can type on, nothing is lost.";
}

function returningSentence(waiting: number): string {
  if (waiting === 0) return "Connected again, fetching what others wrote…";
  return `Connected again, sending ${editsInWords(waiting)} and fetching what others wrote…`;
}

function savingSentence({ inThisBrowser, received, durable }: SaveState): string {
  if (received === inThisBrowser)
    return `The server has ${editsInWords(received - durable)} still to write to its disk…`;
  return "Saving…";
}

function savedSentence({ durable }: SaveState): string {
  if (durable === 0) return "Connected. Nothing edited in this pane yet.";
  if (durable === 1) return "Your edit is on the server’s disk.";
  return `All ${durable.toLocaleString("en")} edits from this pane are on the server’s disk.`;
}

function asSentence(reason: string): string {
  return `${reason.slice(0, 1).toUpperCase()}${reason.slice(1).replace(/\.$/, "")}.`;
}
