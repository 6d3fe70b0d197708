import { scopedAwareness, SynclineProvider } from "@syncline/client";
import { indexedDb } from "@syncline/client/offline";
import { Editor } from "@tiptap/core";
import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { StarterKit } from "@tiptap/starter-kit";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-tiptap", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] ?? "" } = query;

const provider = new SynclineProvider(server, room, undefined, { offline: indexedDb() });
const awareness = scopedAwareness(provider.awareness, "editor"); // Of others, only what cannot break the editor.

const editor = new Editor({
  element: document.querySelector("#editor"),
  extensions: [
    // Collaboration has an undo of its own, which leaves other people's edits alone.
    StarterKit.configure({ undoRedo: false }),
    Collaboration.configure({ document: provider.doc, field: "page" }),
    CollaborationCaret.configure({ provider: { awareness }, user: { name, color } }),
  ],
});

// Without a reason it is for good: this person may only read.
provider.on("access", ({ level, reason }) => editor.setEditable(level === "write" || reason !== ""));

const status = document.querySelector("#status") as HTMLElement;
provider.subscribe(() => {
  const { connection, synced, access, rejected, inThisBrowser, durable } = provider.status;
  const unsaved = inThisBrowser - durable;
  if (rejected) status.textContent = `The server does not take your edits: ${rejected.reason}`;
  else if (connection !== "connected") status.textContent = `Offline. Edits only in this browser: ${unsaved}`;
  else if (unsaved > 0) status.textContent = access.reason || `Saving. Edits not on disk yet: ${unsaved}`;
  else status.textContent = synced ? "Saved on the server's disk" : "Loading";
});
