import { expect, test } from "vitest";
import { addressOf, documentNameOfPath } from "./name-in-path.js";

test.each([
  ["ws://host", "notes", "ws://host/notes", "notes"],
  ["ws://host:1234/", "a/b", "ws://host:1234/a/b", "a/b"],
  ["wss://host/sync?token=a%20b", "zürich", "wss://host/sync/z%C3%BCrich?token=a%20b", "zürich"],
  ["wss://user:secret@host/sync/#part", "v1:x@y,z", "wss://user:secret@host/sync/v1:x@y,z", "v1:x@y,z"],
  // A client that encodes names itself, as it must for a server that decodes them.
  ["ws://host", "a%2Fb", "ws://host/a%2Fb", "a/b"],
  ["ws://host", "50%", "ws://host/50%", "50%"],
  ["ws://host", "what?#now", "ws://host/what%3F%23now", "what?#now"],
  ["ws://host", "a/../b", "ws://host/b", "b"],
])("%s and %s lead to %s, the document %s", (server, roomName, url, documentName) => {
  const address = addressOf(new URL(server), roomName);
  expect(address?.url.href).toBe(url);
  expect(address?.documentName).toBe(documentName);
});

test.each(["", "..", ".", "../other"])("%j leads to no document below the server's URL", (roomName) => {
  expect(addressOf(new URL("ws://host/sync"), roomName)).toBeUndefined();
});

test("a path that is not percent-encoded UTF-8 is the name as it is", () => {
  expect(documentNameOfPath("50%")).toBe("50%");
  expect(documentNameOfPath("%C3")).toBe("%C3");
  expect(documentNameOfPath("%E2%82%AC")).toBe("\u20ac");
});
