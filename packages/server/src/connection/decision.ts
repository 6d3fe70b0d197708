/** What a client is granted, decided before its document is loaded, and again where what was granted was looked at anew meanwhile. */
import type { Grant } from "./authorize.js";
import type { Grants } from "./grants.js";

export class Decision {
  readonly #grants: Pick<Grants, "recheckCount">;
  readonly #decide: () => Promise<Grant>;
  #made: { readonly grant: Grant; readonly recheckCount: number } | undefined;

  constructor(grants: Pick<Grants, "recheckCount">, decide: () => Promise<Grant>) {
    this.#grants = grants;
    this.#decide = decide;
  }

  /** @throws what decides throws */
  async make(): Promise<void> {
    const { recheckCount } = this.#grants;
    this.#made = { grant: await this.#decide(), recheckCount };
  }

  /** False when something was revoked since: nothing may be said of the document before it was made again. */
  get isCurrent(): boolean {
    return this.#made?.recheckCount === this.#grants.recheckCount;
  }

  get grant(): Grant {
    if (!this.#made) throw new Error("nothing was decided yet");
    return this.#made.grant;
  }
}
