/** y-protocols' Awareness, as the bindings of editors ask for it. */
import type { Awareness } from "y-protocols/awareness";

/** What y-protocols says a field of a state is. */
type StateField = NonNullable<ReturnType<Awareness["getLocalState"]>>[string];

/** Lexical wants states of its own shape, which y-protocols' type does not promise; with this one nobody has to cast. */
export type ProviderAwareness = Awareness & {
  getLocalState(): StateField;
  getStates(): Map<number, StateField>;
};
