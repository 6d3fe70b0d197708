import { javascript } from "@codemirror/lang-javascript";
import { EditorState } from "@codemirror/state";
import { EditorView, keymap } from "@codemirror/view";
import { scopedAwareness, SynclineProvider } from "@syncline/client";
import { indexedDb } from "@syncline/client/offline";
import { basicSetup } from "codemirror";
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next";
import * as Y from "yjs";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-codemirror", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] } = query;

const doc = new Y.Doc();
const text = doc.getText("text");
const provider = new SynclineProvider(server, room, doc, { offline: indexedDb() });
provider.awareness.setLocalStateField("user", { name, color, colorLight: `${color}33` });
const presence = scopedAwareness(provider.awareness, "editor"); // Of others, only what cannot break the editor.

const parent = document.querySelector("#editor") as HTMLElement;
const lineEnds = EditorState.lineSeparator.of("\n"); // Others it would count as one letter, Yjs counts them as they are.
const collaboration = [keymap.of(yUndoManagerKeymap), yCollab(text, presence), lineEnds];
new EditorView({ parent, doc: text.toString(), extensions: [collaboration, basicSetup, javascript()] });

const status = document.querySelector("#status") as HTMLElement;
provider.subscribe(() => {
  const { connection, synced, access, rejected, inThisBrowser, durable } = provider.status;
  const unsaved = inThisBrowser - durable;
  if (rejected) status.textContent = `The server does not take your edits: ${rejected.reason}`;
  else if (connection !== "connected") status.textContent = `Offline. Edits only in this browser: ${unsaved}`;
  else if (unsaved > 0) status.textContent = access.reason || `Saving. Edits not on disk yet: ${unsaved}`;
  else status.textContent = synced ? "Saved on the server's disk" : "Loading";
});
