/** Whose client ids are is stored beside the document. Damage to that must not take the document. */
import { LevelStorage } from "@syncline/server";
import { expect, test } from "vitest";
import * as Y from "yjs";
import { tempDirectory } from "../support/temp-directory.js";
import { faultyServer } from "../support/faulty-server.js";
import { textOnServer } from "../support/clients.js";
import { inDatabase } from "./stored.js";

const claim = (clientId: number) => ({ clientId, owner: new Uint8Array(16).fill(clientId), claimedAt: 1 });

async function claimsIn(directory: string): Promise<number[]> {
  const storage = await LevelStorage.open(directory);
  const clientIds: number[] = [];
  for await (const { clientId } of storage.readClaims("plan")) clientIds.push(clientId);
  await storage.close();
  return clientIds;
}

test("a claim that is damaged is dropped by a repair, and the document and the other claims are kept", async () => {
  const directory = await tempDirectory();
  const storage = await LevelStorage.open(directory);
  const doc = new Y.Doc();
  doc.getText("text").insert(0, "content");
  const entry = { documentName: "plan", generation: "g", previousSeq: 0, updates: [Y.encodeStateAsUpdate(doc)] };
  await storage.append([{ ...entry, claims: [claim(7), claim(8)] }]);
  await storage.close();
  await inDatabase(directory, async (store) => {
    for await (const [[key, value] = []] of store.entries({ gte: Uint8Array.of(0x6f), lt: Uint8Array.of(0x70) }, 1)) {
      if (!key || !value) continue;
      const batch = store.batch();
      batch.put(
        key,
        value.map((byte, at) => (at === value.length - 1 ? byte ^ 1 : byte)),
      );
      await batch.write({ sync: true });
      break;
    }
  });
  const { url, server, close } = await faultyServer({}, directory);
  expect((await server.documents.check("plan")).problems.map(({ origin }) => origin)).toEqual(["whose client ids are"]);
  expect(await textOnServer(url, "plan")).toBe("content");
  expect((await server.documents.inspect("plan")).quarantinedCount).toBe(1);
  await close();
  expect(await claimsIn(directory)).toEqual([8]);
});
