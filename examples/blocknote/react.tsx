import { BlockNoteView } from "@blocknote/mantine";
import "@blocknote/mantine/style.css";
import { useCreateBlockNote } from "@blocknote/react";
import { scopedAwareness } from "@syncline/client";
import { indexedDb } from "@syncline/client/offline";
import { SynclineProvider, useProvider, useStatus } from "@syncline/client/react";
import { useMemo } from "react";
import { createRoot } from "react-dom/client";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-blocknote", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] ?? "" } = query;

function Page() {
  const provider = useProvider();
  const awareness = useMemo(() => scopedAwareness(provider.awareness, "editor"), [provider]);
  const fragment = provider.doc.getXmlFragment("blocks");
  const presence = { provider: { awareness }, user: { name, color }, showCursorLabels: "always" } as const;
  const editor = useCreateBlockNote({ collaboration: { fragment, ...presence } }, [provider]);
  const status = useStatus(({ synced, rejected, inThisBrowser, durable }) => {
    const unsaved = inThisBrowser - durable;
    if (rejected) return `The server does not take your edits: ${rejected.reason}`;
    if (!synced) return `Offline. Edits only in this browser: ${unsaved}`;
    return unsaved > 0 ? `Saving. Edits not on disk yet: ${unsaved}` : "Saved on the server's disk";
  });
  const isWriter = useStatus(({ access }) => access.level === "write" || access.reason !== "");
  return (
    <>
      <output id="status">{status}</output>
      <BlockNoteView editor={editor} editable={isWriter} />
    </>
  );
}

createRoot(document.querySelector("#page") as HTMLElement).render(
  <SynclineProvider url={server} name={room} offline={indexedDb()}>
    <Page />
  </SynclineProvider>,
);
