/** Which document the components below are about. */
import { createContext, useContext } from "react";
import type { Room } from "./room.js";

export const RoomContext = createContext<Room | undefined>(undefined);

/** The nearest. @throws {Error} outside of a `<SynclineProvider>` */
export function useRoom(hookName: string): Room {
  const room = useContext(RoomContext);
  if (room) return room;
  throw new Error(
    `${hookName}() needs a <SynclineProvider url="wss://…" name="…"> above the component that calls it. If there is one, ` +
      "the page has two copies of @syncline/client/react.",
  );
}
