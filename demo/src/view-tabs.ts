/** The tabs that choose which view the panes show. */
import { viewNames, type ViewName } from "./document.js";
import { part } from "./dom.js";
import { Tabs } from "./tabs.js";

export function viewTabs(panel: HTMLElement, onChoice: (view: ViewName) => void): Tabs<ViewName> {
  const list = part(document, "views", HTMLElement);
  const tabs = new Map(viewNames.map((view) => [view, part(list, view, HTMLElement)] as const));
  return new Tabs({ list, tabs, panel, onChoice });
}
