import { scopedAwareness, SynclineProvider } from "@syncline/client";
import Quill from "quill";
import QuillCursors from "quill-cursors";
import "quill/dist/quill.snow.css";
import { QuillBinding } from "y-quill";
import * as Y from "yjs";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-quill", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] } = query;

const doc = new Y.Doc();
const provider = new SynclineProvider(server, room, doc);
provider.awareness.setLocalStateField("user", { name, color, colorLight: `${color}33` });

Quill.register("modules/cursors", QuillCursors);
const quill = new Quill("#editor", {
  theme: "snow",
  placeholder: "Write something",
  modules: {
    cursors: true,
    history: { userOnly: true }, // Undo takes back what this person did, not what others did.
    toolbar: [["bold", "italic", "link", { list: "ordered" }, { list: "bullet" }]],
  },
});
// Of others, only what cannot break the editor.
new QuillBinding(doc.getText("quill"), quill, scopedAwareness(provider.awareness, "editor"));

const status = document.querySelector("#status") as HTMLElement;
provider.subscribe(() => {
  const { connection, synced, access, rejected, inThisBrowser, durable } = provider.status;
  const unsaved = inThisBrowser - durable;
  if (rejected) status.textContent = `The server does not take your edits: ${rejected.reason}`;
  else if (connection !== "connected") status.textContent = `Offline. Edits only in this browser: ${unsaved}`;
  else if (unsaved > 0) status.textContent = access.reason || `Saving. Edits not on disk yet: ${unsaved}`;
  else status.textContent = synced ? "Saved on the server's disk" : "Loading";
});
