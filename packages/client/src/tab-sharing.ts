/** Sharing one document with the other tabs of this browser, on and off; the code for it is loaded when it is first on. */
import { SynclineError } from "./error.js";
import type { TabsOptions } from "./tabs/index.js";
import type { TabChannel } from "./tabs/tab-channel.js";

export interface TabSharingOptions {
  /** What there is to share, and where; `undefined` while nothing is to be shared. Asked again once the code is there. */
  readonly what: () => Omit<TabsOptions, "onState" | "onError"> | undefined;
  readonly onError: (error: SynclineError) => void;
}

export class TabSharing {
  readonly #options: TabSharingOptions;
  #channel: TabChannel | undefined;
  /** What the connection was made with when the channel was opened: it says whose tabs these are. */
  #token = "";
  #isConnected = false;

  constructor(options: TabSharingOptions) {
    this.#options = options;
  }

  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Begins, when there is something to share and it has not begun. */
  async start(): Promise<void> {
    const { what, onError } = this.#options;
    if (this.#channel && what()?.token !== this.#token) this.stop();
    if (this.#channel || !what()) return;
    try {
      const { joinTabs } = await import("./tabs/index.js");
      const shared = what();
      if (this.#channel || !shared) return;
      this.#token = shared.token;
      this.#channel = joinTabs({ ...shared, onError, onState: (isConnected) => (this.#isConnected = isConnected) });
    } catch (cause) {
      onError(new SynclineError("connection-failed", "Nothing can be shared with other tabs", { cause }));
    }
  }

  sayGoodbye(): void {
    this.#channel?.sayGoodbye();
  }

  stop(): void {
    this.#channel?.destroy();
    this.#channel = undefined;
  }
}
