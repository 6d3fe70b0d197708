/** Packs structs, handed over in an order in which they can be integrated, into updates of limited size. */
import { varUintBytes } from "@syncline/protocol";
import * as encoding from "lib0/encoding";
import { DeleteSet } from "../update/delete-set.js";
import type { Struct } from "./document.js";
import { encodeStructPart } from "./struct-part.js";

/** The structs of one client in the segment being written: an unbroken run of clocks. */
interface Block {
  readonly client: number;
  readonly clock: number;
  readonly structs: encoding.Encoder;
  structCount: number;
  /** Where its last deleted range ends; −1 when it has none. */
  deletedEnd: number;
}

/** More than the numbers that precede a client's structs, and its deleted ranges, can take. */
const maxBlockHeadBytes = 40;
/** More than one more deleted range can take, or one that grows. */
const maxRangeBytes = 16;
/** Number of clients in either part of an update. */
const maxUpdateHeadBytes = 12;

export class SegmentWriter {
  readonly #maxBytes: number;
  readonly #segments: Uint8Array[] = [];
  #blocks = new Map<number, Block>();
  #deleted = new DeleteSet();
  /** Never less than what the open segment will take. */
  #byteBound = maxUpdateHeadBytes;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(struct: Struct): void {
    let offset = 0;
    while (offset < struct.length) {
      const room = this.#roomFor(struct.id.client);
      const part = encodeStructPart(struct, offset, room);
      const isCut = offset + part.length < struct.length;
      // A large struct is not cut to fill up the last corner of a segment.
      if (this.#blocks.size > 0 && (part.bytes.length > room || (isCut && room < this.#maxBytes / 2))) {
        this.#flush();
        continue;
      }
      this.#append(struct, offset, part);
      offset += part.length;
    }
  }

  finish(): Uint8Array[] {
    this.#flush();
    return this.#segments;
  }

  #roomFor(client: number): number {
    const headBytes = this.#blocks.has(client) ? 0 : maxBlockHeadBytes;
    return this.#maxBytes - this.#byteBound - headBytes - maxRangeBytes;
  }

  #append(struct: Struct, offset: number, part: { readonly length: number; readonly bytes: Uint8Array }): void {
    const clock = struct.id.clock + offset;
    const block = this.#blocks.get(struct.id.client) ?? this.#openBlock(struct.id.client, clock);
    encoding.writeUint8Array(block.structs, part.bytes);
    block.structCount += 1;
    this.#byteBound += part.bytes.length;
    if (!struct.deleted) return;
    const endClock = clock + part.length;
    this.#deleted.add(block.client, clock, endClock);
    // A range that grows was counted with the largest length it can have.
    if (block.deletedEnd !== clock) this.#byteBound += varUintBytes(clock) + 8;
    block.deletedEnd = endClock;
  }

  #openBlock(client: number, clock: number): Block {
    const block = { client, clock, structs: encoding.createEncoder(), structCount: 0, deletedEnd: -1 };
    this.#blocks.set(client, block);
    this.#byteBound += maxBlockHeadBytes;
    return block;
  }

  #flush(): void {
    if (this.#blocks.size === 0) return;
    const encoder = encoding.createEncoder();
    encoding.writeVarUint(encoder, this.#blocks.size);
    for (const block of [...this.#blocks.values()].sort((left, right) => right.client - left.client)) {
      encoding.writeVarUint(encoder, block.structCount);
      encoding.writeVarUint(encoder, block.client);
      encoding.writeVarUint(encoder, block.clock);
      encoding.writeBinaryEncoder(encoder, block.structs);
    }
    this.#deleted.write(encoder);
    this.#segments.push(encoding.toUint8Array(encoder));
    this.#blocks = new Map();
    this.#deleted = new DeleteSet();
    this.#byteBound = maxUpdateHeadBytes;
  }
}
