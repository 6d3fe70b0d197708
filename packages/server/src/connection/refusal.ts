/** Why a client cannot have a document as it asks for it. Says nothing of who the client is. */
import { closeCodes, type CloseCode, type Open } from "@syncline/protocol";
import type { Refusals } from "../refusals.js";
import type { Room } from "../room/room.js";

export interface Refusal {
  readonly code: CloseCode;
  readonly reason: string;
}

/** Why nobody more can be let in, which is counted; `undefined`: somebody can. */
export function refusalAtDoor(room: Room, refusals: Pick<Refusals, "note">): Refusal | undefined {
  const refusal = room.ending ?? whyCrowded(room);
  if (refusal) refusals.note("capacity", refusal.reason, { documentName: room.documentName });
  return refusal;
}

function whyCrowded(room: Room): Refusal | undefined {
  if (!room.isCrowded) return undefined;
  const reason = `${room.memberCount} clients have this document open, and no more may; come back when some have left`;
  return { code: closeCodes.rateLimited, reason };
}

/** `undefined` when it can. */
export function refusalOf({ generation, have }: Open, room: Room): Refusal | undefined {
  if (room.ending) return room.ending;
  const isResume = have.kind === "resume";
  if (isResume && generation === "") {
    return { code: closeCodes.protocolError, reason: "resuming takes the generation whose log is meant" };
  }
  if (generation !== "" && generation !== room.generation) {
    return { code: closeCodes.generationMismatch, reason: "the document was replaced since this client last had it" };
  }
  if (isResume && !room.canResume(have.seq)) {
    return { code: closeCodes.cannotResume, reason: `nothing to go on from at ${have.seq}; open with a state vector` };
  }
  return undefined;
}
