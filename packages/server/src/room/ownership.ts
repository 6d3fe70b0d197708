/**
 * Whose the Yjs client ids of a document are: they belong to whoever first called them its own. Nobody else may write under
 * them, because what their owner wrote offline would be taken for known when it comes back, and be gone in every replica
 * (docs/decisions/0021). Knows hashes of subjects and ids, and nothing of content.
 */
import { createHash } from "node:crypto";
import { LazyMap } from "../lazy-map.js";
import type { Claim, Storage } from "../storage/storage.js";
import type { Contents } from "../update/contents.js";
import type { ScannedUpdate } from "../update/scan.js";
import type { KeptClaims } from "./kept-claims.js";
import { UnwrittenClaims } from "./unwritten-claims.js";

/** Stands for a person where names are not to be kept: 16 bytes of a SHA-256, a character a byte. */
export type Owner = string;

/** What of a member matters here. */
export interface Claimant {
  /** `undefined`: nobody knows who it is, and it owns nothing. */
  readonly owner: Owner | undefined;
  readonly standing: { readonly mayWrite: boolean };
  /** The client ids it calls its own. Kept by `Ownership`. */
  readonly named: number[];
}

export interface OwnershipOptions {
  /** What was stored of the document. */
  readonly claims: readonly Claim[];
  /** Has stored whose `clientId` is, or that it is nobody's any more. */
  readonly store: (clientId: number, claim: Claim | undefined) => void;
  /** Whether the document holds anything under `clientId`. */
  readonly isWritten: (clientId: number) => boolean;
  /** Milliseconds since 1970. */
  readonly wallClock: () => number;
}

/** What of a document's log matters here. */
export interface ClaimLog {
  readonly contents: Contents;
  readonly wasWritten: boolean;
  claim(clientId: number, claim: Claim | undefined): void;
}

export interface OwnershipServices {
  readonly storage: Pick<Storage, "readClaims">;
  readonly keptClaims: Pick<KeptClaims, "of">;
  readonly wallClock: () => number;
}

/** An id in an update that is not its author's. */
export interface Foreign {
  readonly clientId: number;
  /** It is known whose it is. Otherwise: two say that it is theirs, and nobody knows who they are. */
  readonly isOwned: boolean;
}

const ownerBytes = 16;

/** Ids one member may call its own at a time. Pages have one; one that stands for several is rare. */
const maxNamesPerMember = 16;

export function ownerOf(subject: string | undefined): Owner | undefined {
  if (subject === undefined) return undefined;
  return textOf(createHash("sha256").update(subject, "utf8").digest().subarray(0, ownerBytes));
}

/** @throws {SynclineError} `data-corrupt` when something of what is stored is damaged */
export async function loadOwnership(
  documentName: string,
  log: ClaimLog,
  { storage, keptClaims, wallClock }: OwnershipServices,
): Promise<Ownership> {
  const claims: Claim[] = log.wasWritten ? [] : [...keptClaims.of(documentName)];
  for (const claim of claims) log.claim(claim.clientId, claim);
  for await (const claim of storage.readClaims(documentName)) claims.push(claim);
  return new Ownership({
    claims,
    store: (clientId, claim) => log.claim(clientId, claim),
    isWritten: (clientId) => log.contents.stateVector.get(clientId) > 0,
    wallClock,
  });
}

export class Ownership {
  readonly #store: OwnershipOptions["store"];
  readonly #isWritten: OwnershipOptions["isWritten"];
  readonly #wallClock: () => number;
  readonly #owners = new LazyMap<number, Owner>();
  /** Made with the first: where nobody knows who anybody is there are none. */
  #unwritten: UnwrittenClaims | undefined;
  /** Which of those who are here called an id its own last. */
  readonly #names = new LazyMap<number, Claimant>();

  constructor({ claims, store, isWritten, wallClock }: OwnershipOptions) {
    this.#store = store;
    this.#isWritten = isWritten;
    this.#wallClock = wallClock;
    // A person has many ids: one string for all of them.
    const known = new Map<Owner, Owner>();
    for (const { clientId, owner: bytes } of claims.toSorted((a, b) => a.claimedAt - b.claimedAt)) {
      const found = textOf(bytes);
      const owner = known.get(found) ?? found;
      known.set(owner, owner);
      this.#owners.set(clientId, owner);
      if (!isWritten(clientId)) this.#unwrittenClaims.load(clientId, owner);
    }
  }

  /** False when the id is another's. */
  mayUse(clientId: number, { owner: own }: Claimant): boolean {
    const owner = this.#owners.get(clientId);
    return owner === undefined || owner === own;
  }

  /**
   * `member` calls the id its own: it becomes its, unless somebody else was first, or is here, may write and says the same. What
   * somebody has written under already, nobody knows who, becomes its when it writes.
   */
  use(clientId: number, member: Claimant): void {
    if (!this.mayUse(clientId, member)) return;
    const namer = this.#names.get(clientId);
    // The word of who may not write does not stand in anybody's way: it would keep the id from whose it is.
    if (namer && namer !== member && namer.owner !== member.owner && namer.standing.mayWrite) return;
    if (namer !== member) this.#name(clientId, member);
    if (this.#isWritten(clientId) || !this.#claim(clientId, member)) return;
    this.#unwrittenClaims.add(clientId, member.owner);
  }

  /** It is `member`'s turn to own what it has called its own: what it may do has changed. */
  regard(member: Claimant): void {
    for (const clientId of [...member.named]) this.use(clientId, member);
  }

  leave(member: Claimant): void {
    for (const clientId of member.named) this.#forgetName(clientId, member);
  }

  /** An id in `scanned`, which holds nothing that the document has, that is not `member`'s. */
  foreignIn({ blocks }: ScannedUpdate, member: Claimant): Foreign | undefined {
    let disputed: number | undefined;
    for (let at = 0; at < blocks.length; at += 3) {
      const clientId = blocks[at] as number;
      const owner = this.#owners.get(clientId);
      if (owner !== undefined && owner !== member.owner) return { clientId, isOwned: true };
      if (owner === undefined && this.#isDisputed(clientId, member)) disputed = clientId;
    }
    return disputed === undefined ? undefined : { clientId: disputed, isOwned: false };
  }

  /**
   * What `scanned` holds is about to be the document's. `member` wrote it, and if it calls no id its own it is taken to write under
   * that of its update; `undefined`: its author has left, and calls nothing its own any more.
   */
  wrote({ blocks }: ScannedUpdate, member: Claimant | undefined): void {
    const [first] = blocks;
    // Of several it is not known which: who sends many passes on what others wrote.
    const isOfOne = first !== undefined && blocks[blocks.length - 3] === first;
    if (isOfOne && member?.owner !== undefined && member.named.length === 0) this.use(first, member);
    for (let at = 0; at < blocks.length; at += 3) {
      const clientId = blocks[at] as number;
      this.#unwritten?.remove(clientId);
      if (member && this.#names.get(clientId)?.owner === member.owner) this.#claim(clientId, member);
    }
  }

  /** It was called somebody's own, then another's, and the first goes on writing under it. Who merely reconnects does not. */
  #isDisputed(clientId: number, member: Claimant): boolean {
    const namer = this.#names.get(clientId);
    return namer !== undefined && namer !== member && member.named.includes(clientId);
  }

  #name(clientId: number, member: Claimant): void {
    this.#names.set(clientId, member);
    member.named.push(clientId);
    if (member.named.length > maxNamesPerMember) this.#forgetName(member.named.shift() as number, member);
  }

  #forgetName(clientId: number, member: Claimant): void {
    if (this.#names.get(clientId) === member) this.#names.delete(clientId);
  }

  /** False when it is somebody's already, or `member` may own nothing. */
  #claim(clientId: number, member: Claimant): member is Claimant & { readonly owner: Owner } {
    const { owner, standing } = member;
    if (owner === undefined || !standing.mayWrite || this.#owners.has(clientId)) return false;
    this.#owners.set(clientId, owner);
    this.#store(clientId, { clientId, owner: bytesOf(owner), claimedAt: this.#wallClock() });
    return true;
  }

  get #unwrittenClaims(): UnwrittenClaims {
    return (this.#unwritten ??= new UnwrittenClaims({
      isOpen: (clientId) => this.#names.has(clientId),
      release: (clientId) => this.#release(clientId),
    }));
  }

  #release(clientId: number): void {
    this.#owners.delete(clientId);
    this.#store(clientId, undefined);
  }
}

function textOf(bytes: Uint8Array): Owner {
  return String.fromCharCode(...bytes);
}

function bytesOf(owner: Owner): Uint8Array {
  return Uint8Array.from(owner, (character) => character.charCodeAt(0));
}
