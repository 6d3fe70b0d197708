/** The page's parts, by the names index.html gives them. A part that is missing is a bug, not a state. */

type ElementClass<Element> = abstract new () => Element;

export function part<Found extends Element>(root: ParentNode, name: string, type: ElementClass<Found>): Found {
  const found = root.querySelector(`[data-part="${name}"]`);
  if (found instanceof type) return found;
  throw new Error(`index.html has no ${type.name} named "${name}" here`);
}
