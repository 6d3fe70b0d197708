import { indexedDb } from "@syncline/client/offline";
import { SynclineProvider, useStatus } from "@syncline/client/react";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { Editor } from "./editor.js";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-codemirror", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] ?? "" } = query;

function Status() {
  const { connection, synced, access, rejected, inThisBrowser, durable } = useStatus();
  const unsaved = inThisBrowser - durable;
  if (rejected) return `The server does not take your edits: ${rejected.reason}`;
  if (connection !== "connected") return `Offline. Edits only in this browser: ${unsaved}`;
  if (unsaved > 0) return access.reason || `Saving. Edits not on disk yet: ${unsaved}`;
  return synced ? "Saved on the server's disk" : "Loading";
}

createRoot(document.querySelector("#page") as HTMLElement).render(
  <StrictMode>
    <SynclineProvider url={server} name={room} offline={indexedDb()}>
      <p id="status" role="status">
        <Status />
      </p>
      <Editor name={name} color={color} />
    </SynclineProvider>
  </StrictMode>,
);
