/** What the page and the worker in which its bots live say to each other. */
import type { ViewName } from "../document.js";

export interface Invitation {
  readonly serverUrl: string;
  readonly room: string;
  readonly view: ViewName;
  readonly count: number;
}

export type ToBots =
  | ({ readonly kind: "come" } & Invitation)
  | { readonly kind: "move"; readonly view: ViewName }
  /** Answered by "left". */
  | { readonly kind: "leave" };

export interface FromBots {
  readonly kind: "left";
}
