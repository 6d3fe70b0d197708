"use client";
import { useStatus } from "@syncline/client/react";

export function Status() {
  const { connection, synced, access, rejected, inThisBrowser, durable } = useStatus();
  const unsaved = inThisBrowser - durable;
  if (rejected) return `The server does not take your edits: ${rejected.reason}`;
  // What the server renders, too: nothing is connected there, and nothing edited.
  if (connection === "connecting" && unsaved === 0) return "Connecting";
  if (connection !== "connected") return `Offline. Edits only in this browser: ${unsaved}`;
  if (unsaved > 0) return access.reason || `Saving. Edits not on disk yet: ${unsaved}`;
  return synced ? "Saved on the server's disk" : "Loading";
}
