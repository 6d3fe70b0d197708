import { SynclineProvider } from "@syncline/client";
import { indexedDb } from "@syncline/client/offline";
import * as Y from "yjs";
import { inOrder, newTodo } from "./order.js";
import { showRows } from "./show-rows.js";
import { undoByKeys } from "./undo-keys.js";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-todo", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] } = query;
const part = (selector: string) => document.querySelector(selector) as HTMLElement;

const doc = new Y.Doc();
const todos = doc.getArray("todos");
const provider = new SynclineProvider(server, room, doc, { offline: indexedDb() });
provider.awareness.setLocalStateField("user", { name, color });

showRows(todos, part("#todos"));
undoByKeys(todos);
part("#add").onsubmit = (event) => {
  event.preventDefault();
  const field = part("#new") as HTMLInputElement;
  todos.push([newTodo(field.value, inOrder(todos))]);
  field.value = "";
};
provider.awareness.on("change", () => {
  const others = [...provider.awareness.getStates()].filter(([id]) => id !== doc.clientID);
  part("#people").textContent = others.map(([, state]) => String(Object(state["user"]).name)).join(", ");
});
provider.subscribe(() => {
  const { connection, synced, access, rejected, inThisBrowser, durable } = provider.status;
  const unsaved = inThisBrowser - durable;
  if (rejected) part("#status").textContent = `The server does not take your edits: ${rejected.reason}`;
  else if (connection !== "connected") part("#status").textContent = `Offline. Edits only here: ${unsaved}`;
  else if (unsaved > 0)
    part("#status").textContent = access.reason || `Saving. Edits not on disk: ${unsaved}`;
  else part("#status").textContent = synced ? "Saved on the server's disk" : "Loading";
});
