/** Keys that are given once: secrets, public keys, and the sets of files. */
import { SynclineError } from "../error.js";
import {
  keysInSet,
  keysThatFit,
  publicKey,
  secretKey,
  type Algorithm,
  type KeySource,
  type PublicJwk,
  type TokenHeader,
  type VerificationKey,
} from "./verification-key.js";

export interface FixedKeysOptions {
  readonly secret?: string | readonly string[] | undefined;
  readonly publicKey?: string | PublicJwk | readonly (string | PublicJwk)[] | undefined;
  readonly jwks?: unknown;
  readonly algorithms?: readonly Algorithm[] | undefined;
}

export class FixedKeys implements KeySource {
  readonly algorithms: readonly Algorithm[];
  readonly #keys: readonly VerificationKey[];

  /** @throws {SynclineError} `invalid-option` for a key that cannot be used, or not for any of the algorithms */
  constructor({ secret = [], publicKey: publicKeys = [], jwks, algorithms }: FixedKeysOptions) {
    const one = [
      ...[secret].flat().map((text) => secretKey(text, algorithms)),
      ...[publicKeys].flat().map((given) => publicKey(given, algorithms)),
    ];
    if (one.some((key) => key.algorithms.length === 0)) {
      throw new SynclineError(
        "invalid-option",
        "a key is of no use: it is for none of the algorithms that are allowed",
      );
    }
    const set = jwks === undefined ? [] : keysInSet(jwks, algorithms);
    if (jwks !== undefined && set.length === 0) {
      throw new SynclineError("invalid-option", "the key set has no public key that can be used for tokens");
    }
    this.#keys = [...one, ...set];
    this.algorithms = [...new Set(this.#keys.flatMap((key) => key.algorithms))];
  }

  async keysFor(header: TokenHeader): Promise<readonly VerificationKey[]> {
    return keysThatFit(this.#keys, header);
  }
}
