import { indexedDb } from "@syncline/client/offline";
import { SynclineProvider, useStatus } from "@syncline/client/react";
import { createRoot } from "react-dom/client";
import { Editor } from "./editor.js";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-tiptap", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] ?? "" } = query;

function Status() {
  return useStatus(({ synced, rejected, inThisBrowser, durable }) => {
    const unsaved = inThisBrowser - durable;
    if (rejected) return `The server does not take your edits: ${rejected.reason}`;
    if (!synced) return `Offline. Edits only in this browser: ${unsaved}`;
    return unsaved > 0 ? `Saving. Edits not on disk yet: ${unsaved}` : "Saved on the server's disk";
  });
}

createRoot(document.querySelector("#page") as HTMLElement).render(
  <SynclineProvider url={server} name={room} offline={indexedDb()}>
    <output id="status">
      <Status />
    </output>
    <Editor name={name} color={color} />
  </SynclineProvider>,
);
