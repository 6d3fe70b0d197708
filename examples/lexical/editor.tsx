/** Lexical as a component: the root of the nearest <SynclineProvider>'s document. */
import { CollaborationPlugin } from "@lexical/react/LexicalCollaborationPlugin";
import { LexicalComposer } from "@lexical/react/LexicalComposer";
import { ContentEditable } from "@lexical/react/LexicalContentEditable";
import { LexicalErrorBoundary } from "@lexical/react/LexicalErrorBoundary";
import { RichTextPlugin } from "@lexical/react/LexicalRichTextPlugin";
import { useProvider } from "@syncline/client/react";
import { useCallback, useMemo } from "react";
import type * as Y from "yjs";
import { providerForLexical } from "./provider-for-lexical.js";

const initialConfig = { namespace: "example", editorState: null, onError: console.error };
const content = <ContentEditable id="editor" />;

export function Editor({ id, name, color }: { id: string; name: string; color: string }) {
  const provider = useProvider();
  const shared = useMemo(() => providerForLexical(provider), [provider]);
  const { doc } = provider;
  const connect = useCallback(
    (_: string, docs: Map<string, Y.Doc>) => docs.set(id, doc) && shared,
    [id, doc, shared],
  );
  const me = { username: name, cursorColor: color };
  return (
    <LexicalComposer initialConfig={initialConfig}>
      <RichTextPlugin contentEditable={content} ErrorBoundary={LexicalErrorBoundary} />
      <CollaborationPlugin id={id} providerFactory={connect} shouldBootstrap={false} {...me} />
    </LexicalComposer>
  );
}
