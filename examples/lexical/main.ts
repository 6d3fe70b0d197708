import { registerRichText } from "@lexical/rich-text";
import * as LexicalYjs from "@lexical/yjs";
import { SynclineProvider } from "@syncline/client";
import { indexedDb } from "@syncline/client/offline";
import { COMMAND_PRIORITY_EDITOR, createEditor, REDO_COMMAND, UNDO_COMMAND } from "lexical";
import { providerForLexical } from "./provider-for-lexical.js";

const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-lexical" } = query;
const { name = `Guest ${Date.now() % 1000}`, color = Date.now() % 2 ? "#a8512a" : "#3f6fc4" } = query;
const provider = new SynclineProvider(server, room, undefined, { offline: indexedDb() });
const [doc, shared] = [provider.doc, providerForLexical(provider)];
const editor = createEditor({ onError: console.error });
const binding = LexicalYjs.createYjsBinding({ editor, id: room, doc, docMap: new Map([[room, doc]]) });
const history = LexicalYjs.createUndoManager(binding, binding.root.getSharedType());

binding.root.getSharedType().observeDeep((events, { origin }) => {
  if (origin !== binding) LexicalYjs.syncYjsChangesToLexical(binding, shared, events, origin === history);
});
editor.registerUpdateListener(({ prevEditorState, editorState, ...update }) => {
  const changed = [update.dirtyElements, update.dirtyLeaves, update.normalizedNodes, update.tags] as const;
  LexicalYjs.syncLexicalUpdateToYjs(binding, shared, prevEditorState, editorState, ...changed);
});
editor.registerCommand(UNDO_COMMAND, () => history.undo() !== undefined, COMMAND_PRIORITY_EDITOR);
editor.registerCommand(REDO_COMMAND, () => history.redo() !== undefined, COMMAND_PRIORITY_EDITOR);
registerRichText(editor);
editor.setRootElement(document.querySelector("#editor"));

LexicalYjs.initLocalState(shared, name, color, true, {});
binding.cursorsContainer = document.querySelector("#cursors");
shared.awareness.on("update", () => LexicalYjs.syncCursorPositions(binding, shared));

const status = document.querySelector("#status") as HTMLElement;
provider.subscribe(() => {
  const { synced, rejected, inThisBrowser, durable } = provider.status;
  const unsaved = inThisBrowser - durable;
  const saving = unsaved > 0 ? `Saving. Edits not on disk yet: ${unsaved}` : "Saved on the server's disk";
  status.textContent = synced ? saving : `Offline. Edits only in this browser: ${unsaved}`;
  if (rejected) status.textContent = `The server does not take your edits: ${rejected.reason}`;
});
