import { indexedDb } from "@syncline/client/offline";
import { SynclineProvider, useProvider, useStatus } from "@syncline/client/react";
import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { EditorContent, useEditor } from "@tiptap/react";
import { StarterKit } from "@tiptap/starter-kit";
import { createRoot } from "react-dom/client";

const guest = Math.floor(Math.random() * 1000);
const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-tiptap", name = `Guest ${guest}` } = query;
const { color = ["#a8512a", "#3f6fc4", "#2f7d54", "#8a4fa8"][guest % 4] ?? "" } = query;

function Page() {
  const provider = useProvider();
  const extensions = [
    StarterKit.configure({ undoRedo: false }), // Collaboration's leaves other people's edits alone
    Collaboration.configure({ document: provider.doc, field: "page" }),
    CollaborationCaret.configure({ provider, user: { name, color } }),
  ];
  const editor = useEditor({ extensions, immediatelyRender: false }, [provider]);
  const status = useStatus(({ synced, rejected, inThisBrowser, durable }) => {
    const unsaved = inThisBrowser - durable;
    if (rejected) return `The server does not take your edits: ${rejected.reason}`;
    if (!synced) return `Offline. Edits only in this browser: ${unsaved}`;
    return unsaved > 0 ? `Saving. Edits not on disk yet: ${unsaved}` : "Saved on the server's disk";
  });
  return (
    <>
      <output id="status">{status}</output>
      <EditorContent editor={editor} />
    </>
  );
}

createRoot(document.querySelector("#page") as HTMLElement).render(
  <SynclineProvider url={server} name={room} offline={indexedDb()}>
    <Page />
  </SynclineProvider>,
);
