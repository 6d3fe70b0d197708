/** Keeps panes away from the server, lest they bring back what it has lost before anybody has looked. They can be edited. */
import type { ConnectionStatus, SynclineProvider } from "@syncline/client";
import type { CrashSubject } from "./crash-subject.js";

export class Hold {
  readonly #subjects: readonly CrashSubject[];
  readonly #wanted: Set<SynclineProvider>;

  constructor(subjects: readonly CrashSubject[]) {
    this.#subjects = subjects;
    this.#wanted = new Set(subjects.map(({ provider }) => provider).filter(({ shouldConnect }) => shouldConnect));
    for (const { provider } of subjects) {
      provider.disconnect();
      provider.on("status", this.#onStatus);
    }
  }

  /** Those connect again that were connected, or that the visitor has switched back meanwhile. */
  release(): void {
    for (const { provider } of this.#subjects) provider.off("status", this.#onStatus);
    for (const { provider, isSwitchedOff = false } of this.#subjects) {
      if (this.#wanted.has(provider) && !isSwitchedOff) provider.connect();
    }
  }

  readonly #onStatus = ({ status }: { readonly status: ConnectionStatus }): void => {
    if (status === "disconnected") return;
    for (const { provider } of this.#subjects) {
      if (!provider.shouldConnect) continue;
      this.#wanted.add(provider);
      provider.disconnect();
    }
  };
}
