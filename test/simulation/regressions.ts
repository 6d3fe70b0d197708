/** Seeds that found something, and what. They stay, whatever became of it. A change to the workload gives them other lives. */
export const regressions: readonly { readonly seed: number; readonly found: string }[] = [
  { seed: 61, found: "a store that could not be opened again stayed shut until somebody wrote, and nobody could" },
  { seed: 198, found: "the same, with clients that were refused for ever" },
  { seed: 90, found: "not ready for ever, after the document whose commit had failed was deleted" },
  { seed: 130, found: "an acknowledged edit lost behind a write that was refused while it waited" },
  { seed: 23681, found: "a client whose hello took its time was closed for good" },
  { seed: 54, found: "a delete whose flush failed was found at the next reopening, under a room loaded in between" },
  { seed: 20641, found: "the same, and a deleted document was taken for a damaged one" },
  { seed: 21286, found: "a record whose flush failed came back behind the snapshot of the next generation" },
  { seed: 22914, found: "a record whose flush failed was overwritten by a room loaded before it was found" },
  { seed: 12011, found: "an honest update was said to be refused because its room ended while it was tried" },
  { seed: 14085, found: "a repair that met a compaction set a sound document's content aside" },
];
