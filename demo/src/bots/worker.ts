/** Where the bots live: a thread of its own, so that twenty clients do not take the page's time. */
import { SynclineProvider, systemTiming } from "@syncline/client";
import * as Y from "yjs";
import type { Membership } from "./bot.js";
import { Crowd } from "./crowd.js";
import type { FromBots, Invitation, ToBots } from "./messages.js";

const maxBackoffTime = 5_000;

/** Lives as long as the crowd that is invited first. */
function attend(): void {
  let crowd: Crowd | undefined;
  addEventListener("message", ({ data }: MessageEvent<ToBots>) => {
    if (data.kind === "come") crowd ??= gather(data);
    else if (data.kind === "leave") void leave(crowd);
    else if (crowd) crowd.view = data.view;
  });
}

async function leave(crowd: Crowd | undefined): Promise<void> {
  await crowd?.leave();
  tell({ kind: "left" });
}

function gather({ serverUrl, room, view, count }: Invitation): Crowd {
  return new Crowd({
    count,
    view,
    join: () => join(serverUrl, room),
    timing: systemTiming,
  });
}

/** As somebody at a computer of their own would: a socket each, and nothing known to the others but through the server. */
function join(serverUrl: string, room: string): Membership {
  const provider = new SynclineProvider(serverUrl, room, new Y.Doc(), {
    maxBackoffTime,
    disableBc: true,
    fallback: false,
  });
  return {
    doc: provider.doc,
    awareness: provider.awareness,
    get isSynced() {
      return provider.synced;
    },
    whenDurable: () => provider.whenDurable(),
    leave: () => void provider.destroy().then(() => provider.doc.destroy()),
  };
}

function tell(message: FromBots): void {
  postMessage(message);
}

attend();
