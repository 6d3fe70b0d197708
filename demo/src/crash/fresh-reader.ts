/** Reads a room as somebody would who has never been there: all that they see comes from the server. */
import { SynclineProvider } from "@syncline/client";
import * as Y from "yjs";

export interface RoomPlace {
  readonly serverUrl: string;
  readonly room: string;
}

const readLimitMs = 15_000;

/** @throws {Error} with a reason for people, when the room cannot be read */
export async function readRoom({ serverUrl, room }: RoomPlace): Promise<Y.Doc> {
  const doc = new Y.Doc();
  // Of no tab of this browser, and with no copy of its own. It asks for no more than to read.
  const options = { disableBc: true, connect: false, token: "read-only", maxBackoffTime: 500 };
  const provider = new SynclineProvider(serverUrl, room, doc, options);
  // Nobody is to see somebody come and go.
  provider.awareness.setLocalState(null);
  try {
    await synced(provider);
    return doc;
  } finally {
    void provider.destroy();
  }
}

function synced(provider: SynclineProvider): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error("it did not answer in time")), readLimitMs);
    const settle = (settled: () => void) => {
      clearTimeout(timer);
      settled();
    };
    provider.on("sync", (isSynced) => isSynced && settle(resolve));
    provider.on("closed", ({ reason, code }) => settle(() => reject(new Error(reason || `closed with ${code}`))));
    provider.connect();
  });
}
