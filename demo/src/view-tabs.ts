/** The tabs that choose which view the panes show. */
import { viewNames, type ViewName } from "./document.js";
import { part } from "./dom.js";
import { Tabs } from "./tabs.js";
import { loadView } from "./views/catalogue.js";

export function viewTabs(panel: HTMLElement, onChoice: (view: ViewName) => void): Tabs<ViewName> {
  const list = part(document, "views", HTMLElement);
  const tabs = new Map(viewNames.map((view) => [view, part(list, view, HTMLElement)] as const));
  for (const [view, tab] of tabs) {
    // By the time of the click its editor is here. What fails now is said then.
    tab.addEventListener("pointerenter", () => void loadView(view).catch(() => undefined), { once: true });
  }
  return new Tabs({ list, tabs, panel, onChoice });
}
