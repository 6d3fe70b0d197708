/** The views there are. A visitor who never opens one never loads its editor. */
import type { ViewName } from "../document.js";
import type { OpenView } from "./view.js";

const loaders: Readonly<Record<ViewName, () => Promise<OpenView>>> = {
  code: async () => (await import("./code.js")).openCode,
  text: async () => (await import("./rich-text.js")).openRichText,
  board: async () => (await import("./board.js")).openBoard,
  todo: async () => (await import("./todo.js")).openTodo,
};

export function loadView(name: ViewName): Promise<OpenView> {
  return loaders[name]();
}
