/** The recordings in test/traces. */
import { readFile } from "node:fs/promises";
import { gunzipSync } from "node:zlib";

/** Position, how many characters to delete there, what to insert there. */
export type Patch = readonly [position: number, deleteCount: number, insertText: string];

export interface SequentialTrace {
  readonly endContent: string;
  readonly txns: readonly { readonly patches: readonly Patch[] }[];
}

export interface ConcurrentTrace {
  readonly endContent: string;
  readonly numAgents: number;
  /** `parents` are the transactions whose merged state it was typed into. */
  readonly txns: readonly {
    readonly agent: number;
    readonly parents: readonly number[];
    readonly patches: readonly Patch[];
  }[];
}

export async function readTrace<Trace>(name: "automerge-paper" | "friendsforever"): Promise<Trace> {
  const file = new URL(`../traces/${name}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(await readFile(file)).toString()) as Trace;
}
