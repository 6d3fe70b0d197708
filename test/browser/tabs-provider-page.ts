/** Runs in the pages that tabs-provider.test.ts opens: what an application has, within reach of the test. */
import { SynclineProvider, type ProviderOptions } from "@syncline/client";
import * as Y from "yjs";

const complaints: string[] = [];
window.addEventListener("unhandledrejection", ({ reason }) => complaints.push(`unhandled: ${String(reason)}`));
window.addEventListener("error", ({ message }) => complaints.push(message));

function open(url: string, documentName: string, { clientId, ...options }: ProviderOptions & { clientId?: number }) {
  const doc = new Y.Doc();
  if (clientId !== undefined) doc.clientID = clientId;
  const provider = new SynclineProvider(url, documentName, doc, options);
  const text = doc.getText("text");
  return { doc, provider, text };
}

const providerPage = { complaints, open, opened: [] as ReturnType<typeof open>[] };

declare global {
  interface Window {
    providerPage: typeof providerPage;
  }
}
window.providerPage = providerPage;
