/** What members are told whose updates are not taken. Knows no documents: why it is so was found elsewhere. */
import { closeCodes, type CloseCode } from "@syncline/protocol";
import type { UpdateError } from "../update/error.js";
import type { Member, Submission } from "./member.js";

/** Who cannot be told that one update was not taken is sent away, lest it go on without knowing. */
export function reject(
  member: Member,
  { n }: Submission,
  { code, reason }: { readonly code: CloseCode; readonly reason: string },
): void {
  member.rejected(n);
  if (n > 0) member.channel.reject(n, code, reason);
  else member.channel.leave(code, reason);
}

/** What is too large may be an honest client's, who is told so; no client sends what is malformed. */
export function refuse(member: Member, submission: Submission, { code, message }: UpdateError): void {
  const reason = `an update was refused: ${message}`;
  if (code === "too-large") return reject(member, submission, { code: closeCodes.tooLarge, reason });
  member.channel.leave(closeCodes.protocolError, reason);
}

/** Those who have filled the backlog are not read any more; more and more who come with one update each would be. */
export function noRoomFor(member: Member): void {
  member.channel.leave(closeCodes.unavailable, "too much waits for the server's disk; come back and send it again");
}

export function lostOnTheWay(member: Member): void {
  member.channel.leave(closeCodes.gap, "updates were lost on the way; come back and send what is missing");
}
