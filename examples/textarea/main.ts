import { SynclineProvider } from "@syncline/client";
import { indexedDb } from "@syncline/client/offline";
import * as Y from "yjs";
import { peopleInText } from "./people-in-text.js";
import { TextareaBinding } from "./textarea-binding.js";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-textarea", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] } = query;

const doc = new Y.Doc();
const text = doc.getText("text");
const provider = new SynclineProvider(server, room, doc, { offline: indexedDb() });
provider.awareness.setLocalStateField("user", { name, color, colorLight: `${color}33` });
new TextareaBinding(text, document.querySelector("#editor") as HTMLTextAreaElement, provider.awareness);

const people = document.querySelector("#people") as HTMLElement;
function showPeople() {
  const items = peopleInText(text, provider.awareness).map((person) => {
    const item = document.createElement("li");
    item.textContent = `${person.name}, line ${person.line}`;
    item.style.setProperty("--person", person.color);
    return item;
  });
  people.replaceChildren(...items);
}
provider.awareness.on("change", showPeople);
text.observe(showPeople);

const status = document.querySelector("#status") as HTMLElement;
provider.subscribe(() => {
  const { connection, synced, access, rejected, inThisBrowser, durable } = provider.status;
  const unsaved = inThisBrowser - durable;
  if (rejected) status.textContent = `The server does not take your edits: ${rejected.reason}`;
  else if (connection !== "connected") status.textContent = `Offline. Edits only in this browser: ${unsaved}`;
  else if (unsaved > 0) status.textContent = access.reason || `Saving. Edits not on disk yet: ${unsaved}`;
  else status.textContent = synced ? "Saved on the server's disk" : "Loading";
});
