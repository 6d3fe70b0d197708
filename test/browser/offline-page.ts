/** Runs in the page that offline.test.ts opens: what an application has, within reach of the test. */
import { clearOffline, indexedDb, type OfflineOptions } from "@syncline/client/offline";
import { IndexeddbPersistence } from "y-indexeddb";
import * as Y from "yjs";

const complaints: string[] = [];
window.addEventListener("unhandledrejection", ({ reason }) =>
  complaints.push(`unhandled rejection: ${String(reason)}`),
);
window.addEventListener("error", ({ message }) => complaints.push(`error: ${message}`));

/** A document with its copy, as a tab of an application has it. */
function open(documentName: string, options: OfflineOptions = {}) {
  const doc = new Y.Doc();
  const errors: string[] = [];
  const copy = indexedDb(options)({
    ...{ doc, documentName, serverUrl: "" },
    onState: () => {},
    onError: ({ code, message }) => errors.push(`${code}: ${message}`),
  });
  return { doc, copy, errors, text: doc.getText("content"), edits: doc.getMap<number>("edits") };
}

/** The same with y-indexeddb. */
async function openStock(documentName: string) {
  const doc = new Y.Doc();
  const persistence = new IndexeddbPersistence(documentName, doc);
  await persistence.whenSynced;
  return { doc, persistence, text: doc.getText("content") };
}

async function countRows(documentName: string): Promise<number> {
  const opened = indexedDB.open(documentName);
  await new Promise((resolve) => (opened.onsuccess = resolve));
  const count = opened.result.transaction("updates").objectStore("updates").count();
  await new Promise((resolve) => (count.onsuccess = resolve));
  opened.result.close();
  return count.result;
}

const offlinePage = {
  complaints,
  open,
  openStock,
  countRows,
  clearOffline,
  kept: new Map<string, ReturnType<typeof open>>(),
};

declare global {
  interface Window {
    offlinePage: typeof offlinePage;
  }
}
window.offlinePage = offlinePage;
