import { LexicalCollaboration } from "@lexical/react/LexicalCollaborationContext";
import { SynclineProvider, useStatus } from "@syncline/client/react";
import { createRoot } from "react-dom/client";
import { Editor } from "./editor.js";

const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-lexical" } = query;
const { name = `Guest ${Date.now() % 1000}`, color = Date.now() % 2 ? "#a8512a" : "#3f6fc4" } = query;

function Status() {
  const { synced, inThisBrowser, durable } = useStatus();
  const unsaved = inThisBrowser - durable;
  if (!synced) return `Offline. Edits only in this browser: ${unsaved}`;
  return unsaved > 0 ? `Saving. Edits not on disk yet: ${unsaved}` : "Saved on the server's disk";
}

createRoot(document.querySelector("#page") as HTMLElement).render(
  <SynclineProvider url={server} name={room} connect={false}>
    <output id="status">
      <Status />
    </output>
    <LexicalCollaboration>
      <Editor id={room} name={name} color={color} />
    </LexicalCollaboration>
  </SynclineProvider>,
);
