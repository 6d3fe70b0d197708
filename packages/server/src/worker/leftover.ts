/** What is left of pieces beyond a state vector, holes included, as one update. Works on bytes and needs no document. */
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { DeleteSet } from "../update/delete-set.js";
import type { StateVector } from "../update/state-vector.js";
import { encodeBlocks, type ClientBlock } from "./trim.js";

type DecodedStruct = ReturnType<typeof Y.decodeUpdate>["structs"][number];

/**
 * A v1 update of all structs and deletions beyond `stateVector`, each once; `undefined` when there are none. A client's structs
 * that do not follow each other have a Skip between them.
 *
 * `Y.mergeUpdates` does the same, but sorts all its updates anew for every struct.
 */
export function leftoverOf(pieces: Iterable<Uint8Array>, stateVector: StateVector): Uint8Array | undefined {
  const structs = new Map<number, DecodedStruct[]>();
  const deleted = new DeleteSet();
  for (const piece of pieces) {
    const decoded = Y.decodeUpdate(piece);
    for (const struct of decoded.structs) noteStruct(structs, struct, stateVector);
    for (const [client, ranges] of decoded.ds.clients) {
      for (const { clock, len } of ranges) deleted.add(client, Math.max(clock, stateVector.get(client)), clock + len);
    }
  }
  if (structs.size === 0 && deleted.isEmpty) return undefined;
  const blocks = [...structs].sort(([left], [right]) => right - left).map((entry) => blockOf(...entry, stateVector));
  return encodeBlocks(blocks, deleted);
}

function noteStruct(structs: Map<number, DecodedStruct[]>, struct: DecodedStruct, stateVector: StateVector): void {
  const { client, clock } = struct.id;
  if (struct instanceof Y.Skip || clock + struct.length <= stateVector.get(client)) return;
  const ofClient = structs.get(client);
  if (ofClient === undefined) structs.set(client, [struct]);
  else ofClient.push(struct);
}

/** Where two pieces hold the same ids, the first one counts. */
function blockOf(client: number, structs: DecodedStruct[], stateVector: StateVector): ClientBlock {
  structs.sort((left, right) => left.id.clock - right.id.clock);
  const clock = Math.max(structs[0]?.id.clock ?? 0, stateVector.get(client));
  const block = { client, clock, endClock: clock, structCount: 0, structs: encoding.createEncoder() };
  const encoder = new Y.UpdateEncoderV1();
  encoder.restEncoder = block.structs;
  for (const struct of structs) {
    const endClock = struct.id.clock + struct.length;
    if (endClock <= block.endClock) continue;
    const holeLength = struct.id.clock - block.endClock;
    if (holeLength > 0) new Y.Skip(Y.createID(client, block.endClock), holeLength).write(encoder, 0);
    struct.write(encoder, Math.max(-holeLength, 0));
    block.structCount += holeLength > 0 ? 2 : 1;
    block.endClock = endClock;
  }
  return block;
}
