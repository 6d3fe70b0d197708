import * as closeCodes from "./close-codes.js";

export { closeCodes };

export type CloseCode = (typeof closeCodes)[keyof typeof closeCodes];

/** Whether a client that was closed with `code` should stay away: 4400–4499. */
export function isPermanentClose(code: number): boolean {
  return code >= 4400 && code < 4500;
}

/** A close frame holds at most 123 bytes of reason: cut between characters, never inside one. */
export function fitCloseReason(reason: string): string {
  const encoder = new TextEncoder();
  const room = new Uint8Array(maxCloseReasonBytes);
  const { read } = encoder.encodeInto(reason, room);
  return reason.slice(0, read);
}

const maxCloseReasonBytes = 123;
