/** Tiptap as a component: the page of the nearest <SynclineProvider>. */
import { scopedAwareness } from "@syncline/client";
import { useProvider } from "@syncline/client/react";
import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { EditorContent, useEditor } from "@tiptap/react";
import { StarterKit } from "@tiptap/starter-kit";
import { useMemo } from "react";

export function Editor({ name, color }: { name: string; color: string }) {
  const provider = useProvider();
  // Of others, only what cannot break the editor.
  const awareness = useMemo(() => scopedAwareness(provider.awareness, "editor"), [provider]);
  const extensions = [
    StarterKit.configure({ undoRedo: false }), // Collaboration's leaves other people's edits alone
    Collaboration.configure({ document: provider.doc, field: "page" }),
    CollaborationCaret.configure({ provider: { awareness }, user: { name, color } }),
  ];
  const editor = useEditor({ extensions, immediatelyRender: false }, [provider]);
  return <EditorContent editor={editor} />;
}
