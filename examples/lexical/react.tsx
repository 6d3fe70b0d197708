import { LexicalCollaboration } from "@lexical/react/LexicalCollaborationContext";
import { CollaborationPlugin } from "@lexical/react/LexicalCollaborationPlugin";
import { LexicalComposer } from "@lexical/react/LexicalComposer";
import { ContentEditable } from "@lexical/react/LexicalContentEditable";
import { LexicalErrorBoundary } from "@lexical/react/LexicalErrorBoundary";
import { RichTextPlugin } from "@lexical/react/LexicalRichTextPlugin";
import { SynclineProvider, useProvider, useStatus } from "@syncline/client/react";
import { createRoot } from "react-dom/client";

const query = Object.fromEntries(new URLSearchParams(location.search));
const { server = "ws://127.0.0.1:1234", room = "example-lexical" } = query;
const { name = `Guest ${Date.now() % 1000}`, color = Date.now() % 2 ? "#a8512a" : "#3f6fc4" } = query;
const me = { username: name, cursorColor: color };
const content = <ContentEditable id="editor" />;

function Editor() {
  const provider = useProvider();
  const { synced, inThisBrowser, durable } = useStatus();
  const unsaved = inThisBrowser - durable;
  const saving = unsaved > 0 ? `Saving. Edits not on disk yet: ${unsaved}` : "Saved on the server's disk";
  const connect = (id: string, docs: Map<string, typeof provider.doc>) =>
    docs.set(id, provider.doc) && provider;
  return (
    <>
      <output id="status">{synced ? saving : `Offline. Edits only in this browser: ${unsaved}`}</output>
      <RichTextPlugin contentEditable={content} ErrorBoundary={LexicalErrorBoundary} />
      <CollaborationPlugin id={room} providerFactory={connect} shouldBootstrap={false} {...me} />
    </>
  );
}

createRoot(document.querySelector("#page") as HTMLElement).render(
  <SynclineProvider url={server} name={room} connect={false}>
    <LexicalCollaboration>
      <LexicalComposer initialConfig={{ namespace: "example", editorState: null, onError: console.error }}>
        <Editor />
      </LexicalComposer>
    </LexicalCollaboration>
  </SynclineProvider>,
);
