/**
 * The provider fits the editor bindings as it is, without a cast. Nothing here runs: it compiles, or `npm run check` fails.
 * Monaco and BlockNote are here by the types they ask for only: one is 100 MB, the other brings Yjs 14 along.
 */
import { initLocalState, type Provider as LexicalProvider } from "@lexical/yjs";
import { scopedAwareness, type SynclineProvider } from "@syncline/client";
import { Collaboration } from "@tiptap/extension-collaboration";
import { CollaborationCaret } from "@tiptap/extension-collaboration-caret";
import { yCollab } from "y-codemirror.next";
import { yCursorPlugin } from "y-prosemirror";
import type { Awareness } from "y-protocols/awareness";
import { QuillBinding } from "y-quill";
import type { WebsocketProvider } from "y-websocket";
import type * as Y from "yjs";

declare const provider: SynclineProvider;
declare const stockProvider: WebsocketProvider;
declare const text: Y.Text;
declare const quill: object;

/** Lexical asks for states of its own shape, which y-protocols' `Awareness` does not promise. */
export const lexical: LexicalProvider = provider;
// @ts-expect-error -- what users of y-websocket have to cast
export const lexicalByStock: LexicalProvider = stockProvider;
/** As in the plugin's `providerFactory`. */
export const lexicalFactory: (id: string, docs: Map<string, Y.Doc>) => LexicalProvider = () => provider;
initLocalState(provider, "Ada", "#305500", true, {});

export const tiptap = [
  Collaboration.configure({ document: provider.document, provider }),
  CollaborationCaret.configure({ provider, user: { name: "Ada", color: "#305500" } }),
];
/** What the caret reads, by its source: the option's type says `any`. */
export const tiptapReads: { readonly states: Map<number, { readonly [name: string]: unknown }> } = provider.awareness;

export const proseMirror = yCursorPlugin(provider.awareness);
export const codeMirror = yCollab(text, provider.awareness);
export const quillBinding = new QuillBinding(text, quill, provider.awareness);

/** The fourth parameter of y-monaco 0.1's MonacoBinding. */
export const monaco: Awareness | null | undefined = provider.awareness;

/** `collaboration` of @blocknote/core 0.55, and what its editor looks at before it renders. */
export const blockNote: { readonly provider: { awareness?: Awareness } } = { provider };
export const blockNoteWaitsFor: boolean = provider.synced;

/** One of several editors on a page, with the same types. */
const scoped = scopedAwareness(stockProvider.awareness, "editor");
export const scopedLexical: LexicalProvider["awareness"] = scoped;
export const scopedCaret = CollaborationCaret.configure({ provider: { awareness: scoped } });
export const scopedEditors = [yCursorPlugin(scoped), yCollab(text, scoped), new QuillBinding(text, quill, scoped)];
export const scopedMonaco: Awareness | null | undefined = scoped;

/** The states have y-protocols' own types for who reads them. */
export const ownState: { readonly [name: string]: unknown } | null = provider.awareness.getLocalState();
// @ts-expect-error -- it may be null
export const wronglyTyped: string = provider.awareness.getLocalState();
