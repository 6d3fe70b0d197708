/** What Lexical asks of a provider. Of what others say of themselves, it is given only what cannot break the editor. */
import type { Provider } from "@lexical/yjs";
import { scopedAwareness, type SynclineProvider } from "@syncline/client";

export function providerForLexical(provider: SynclineProvider): Provider {
  return {
    awareness: scopedAwareness(provider.awareness, "editor"),
    connect: () => provider.connect(),
    disconnect: () => provider.disconnect(),
    on: provider.on.bind(provider),
    off: provider.off.bind(provider),
  };
}
