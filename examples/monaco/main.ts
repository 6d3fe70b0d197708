import { scopedAwareness, SynclineProvider } from "@syncline/client";
import * as monaco from "monaco-editor/editor";
import EditorWorker from "monaco-editor/editor/editor.worker?worker";
import "monaco-editor/features/register.all";
import "monaco-editor/languages/definitions/javascript/register";
import { MonacoBinding } from "y-monaco";
import * as Y from "yjs";
import { nameCursors } from "./name-cursors.js";
import { undoOwnEdits } from "./undo-own-edits.js";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-monaco", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] } = query;

self.MonacoEnvironment = { getWorker: () => new EditorWorker() };
const doc = new Y.Doc();
const text = doc.getText("text");
const provider = new SynclineProvider(server, room, doc);
provider.awareness.setLocalStateField("user", { name, color, colorLight: `${color}33` });
const presence = scopedAwareness(provider.awareness, "editor"); // Of others, only what cannot break the editor.
nameCursors(presence);

const model = monaco.editor.createModel(text.toString(), "javascript");
model.setEOL(monaco.editor.EndOfLineSequence.LF); // On Windows it would count a line's end as two letters, Yjs as one.
const theme = matchMedia("(prefers-color-scheme: dark)").matches ? "vs-dark" : "vs";
const options = { model, theme, minimap: { enabled: false }, padding: { top: 16 }, automaticLayout: true };
const editor = monaco.editor.create(document.querySelector("#editor") as HTMLElement, options);
const binding = new MonacoBinding(text, model, new Set([editor]), presence);
undoOwnEdits(editor, new Y.UndoManager(text, { trackedOrigins: new Set([binding]) }));

const status = document.querySelector("#status") as HTMLElement;
provider.subscribe(() => {
  const { connection, synced, access, rejected, inThisBrowser, durable } = provider.status;
  const unsaved = inThisBrowser - durable;
  if (rejected) status.textContent = `The server does not take your edits: ${rejected.reason}`;
  else if (connection !== "connected") status.textContent = `Offline. Edits only in this browser: ${unsaved}`;
  else if (unsaved > 0) status.textContent = access.reason || `Saving. Edits not on disk yet: ${unsaved}`;
  else status.textContent = synced ? "Saved on the server's disk" : "Loading";
});
