/** What a server may answer to an attack, in the words of docs/PROTOCOL.md. Reasons are matched, all else is compared. */
import { expect } from "vitest";

export type Answer =
  /** The socket, session or stream was closed. */
  | { readonly kind: "closed"; readonly code: number; readonly reason: string }
  /** The open of one document was refused; the connection stays. */
  | { readonly kind: "refused"; readonly code: number; readonly reason: string }
  /** One document was closed; the connection stays. */
  | { readonly kind: "left"; readonly code: number; readonly reason: string }
  /** One update was not taken. */
  | { readonly kind: "rejected"; readonly code: number; readonly reason: string }
  /** A y-websocket client was told that it may not write. */
  | { readonly kind: "denied"; readonly reason: string }
  | { readonly kind: "http"; readonly status: number }
  /** Nothing of it is anywhere, the connection stays, and what it says next is answered. */
  | { readonly kind: "ignored" }
  /** Harmless: dealt with as from anybody. It may leave something in the document. */
  | { readonly kind: "taken" }
  /** The server hung up without a word, where there is nobody who could read one. */
  | { readonly kind: "dropped" }
  /** Nothing in a long time. No attack is to be answered so. */
  | { readonly kind: "silence" };

/** Of a pattern a string that `toEqual` compares by it. */
function like(reason: RegExp): string {
  return expect.stringMatching(reason) as string;
}

export const closed = (code: number, reason: RegExp): Answer => ({ kind: "closed", code, reason: like(reason) });
export const refused = (code: number, reason: RegExp): Answer => ({ kind: "refused", code, reason: like(reason) });
export const left = (code: number, reason: RegExp): Answer => ({ kind: "left", code, reason: like(reason) });
export const rejected = (code: number, reason: RegExp): Answer => ({ kind: "rejected", code, reason: like(reason) });
export const denied = (reason: RegExp): Answer => ({ kind: "denied", reason: like(reason) });
export const http = (status: number): Answer => ({ kind: "http", status });
export const ignored: Answer = { kind: "ignored" };
export const taken: Answer = { kind: "taken" };
export const dropped: Answer = { kind: "dropped" };

/** One of several, where it is chance which limit is met first. */
export const either = (...answers: readonly Answer[]): Answer => expect.toBeOneOf([...answers]) as Answer;
