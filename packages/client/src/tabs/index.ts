/** What a document shares with the other tabs of this browser, and what it must not share: its client id. */
import { tabChannelName, type TabChannelPlace } from "./channel-name.js";
import { claimClientId } from "./client-id.js";
import { openTabChannel, type TabChannel, type TabChannelOptions } from "./tab-channel.js";

export type TabsOptions = TabChannelPlace & Omit<TabChannelOptions, "name" | "openChannel">;

/** Ends with `destroy()`. */
export function joinTabs(options: TabsOptions): TabChannel {
  const claim = claimClientId(options);
  const channel = openTabChannel({ ...options, name: tabChannelName(options) });
  return {
    sayGoodbye: () => channel.sayGoodbye(),
    destroy: () => {
      channel.destroy();
      void claim.then((release) => release());
    },
  };
}
