import { scopedAwareness, SynclineProvider } from "@syncline/client";
import { exampleSetup } from "prosemirror-example-setup";
import { keymap } from "prosemirror-keymap";
import { schema } from "prosemirror-schema-basic";
import { EditorState } from "prosemirror-state";
import { EditorView } from "prosemirror-view";
import "prosemirror-view/style/prosemirror.css";
import { initProseMirrorDoc, redo, undo, yCursorPlugin, ySyncPlugin, yUndoPlugin } from "y-prosemirror";
import * as Y from "yjs";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-prosemirror", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] } = query;

const ydoc = new Y.Doc();
const fragment = ydoc.getXmlFragment("prosemirror");
const provider = new SynclineProvider(server, room, ydoc);
provider.awareness.setLocalStateField("user", { name, color, colorLight: `${color}33` });

const { doc, mapping } = initProseMirrorDoc(fragment, schema);
const plugins = [
  ySyncPlugin(fragment, { mapping }),
  yCursorPlugin(scopedAwareness(provider.awareness, "editor")), // Of others, only what cannot break the editor.
  yUndoPlugin(),
  keymap({ "Mod-z": undo, "Mod-y": redo, "Mod-Shift-z": redo }),
  ...exampleSetup({ schema, history: false, menuBar: false }),
];
new EditorView(document.querySelector("#editor"), { state: EditorState.create({ doc, plugins }) });

const status = document.querySelector("#status") as HTMLElement;
provider.subscribe(() => {
  const { connection, synced, access, rejected, inThisBrowser, durable } = provider.status;
  const unsaved = inThisBrowser - durable;
  if (rejected) status.textContent = `The server does not take your edits: ${rejected.reason}`;
  else if (connection !== "connected") status.textContent = `Offline. Edits only in this browser: ${unsaved}`;
  else if (unsaved > 0) status.textContent = access.reason || `Saving. Edits not on disk yet: ${unsaved}`;
  else status.textContent = synced ? "Saved on the server's disk" : "Loading";
});
