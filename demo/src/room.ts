/** One room as this page shows it: two people in it, who look at the same view. */
import type { ViewName } from "./document.js";
import { Pane } from "./pane.js";
import type { Person } from "./people.js";
import type { RoomAddress } from "./room-address.js";

export interface RoomOptions {
  readonly serverUrl: string;
  readonly address: RoomAddress;
  readonly people: readonly Person[];
  /** For one pane. */
  readonly template: HTMLTemplateElement;
  readonly onFollowInto: (view: ViewName) => void;
  readonly onCode: () => void;
}

export class Room {
  readonly panes: readonly Pane[];

  /** @throws {SynclineError} `invalid-option` when no room can have this name */
  constructor({ address, people, template, ...options }: RoomOptions) {
    this.panes = people.map(
      (person, own) => new Pane(template, { ...address, ...options, person, onFollow: () => this.#followOnlyIn(own) }),
    );
  }

  get unsavedCount(): number {
    return this.panes.reduce((sum, pane) => sum + pane.unsavedCount, 0);
  }

  set view(view: ViewName) {
    for (const pane of this.panes) pane.view = view;
  }

  stopFollowing(): void {
    for (const pane of this.panes) pane.stopFollowing();
  }

  destroy(): void {
    for (const pane of this.panes) pane.destroy();
  }

  /** Panes that go after two people could be led into two views. */
  #followOnlyIn(own: number): void {
    this.panes.forEach((pane, index) => index !== own && pane.stopFollowing());
  }
}
