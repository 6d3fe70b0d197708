/** Client and endpoint together, over a documents that does what a test wants. */
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { ControlEndpoint } from "../adapters/control.js";
import type { ControlAddress } from "../adapters/control-file.js";
import type { ControlledDocuments } from "../adapters/control-routes.js";
import type { Revoked } from "../connection/revocations.js";
import type { DocumentSummary } from "../documents/documents.js";
import { SynclineError } from "../error.js";
import { silentLogger } from "../logger.js";
import { WorkerError } from "../worker/error.js";
import { ControlClient } from "./control-client.js";

async function connected(documents: Partial<ControlledDocuments>) {
  const directory = await mkdtemp(join(tmpdir(), "syncline-control-"));
  const revoke = async (revoked: Revoked) => Object.keys(revoked).length;
  const options = { directory, documents: documents as ControlledDocuments, revoke, logger: silentLogger };
  const endpoint = await ControlEndpoint.open(options);
  onTestFinished(async () => {
    await endpoint?.close();
    await rm(directory, { recursive: true });
  });
  const address = JSON.parse(await readFile(join(directory, "control.json"), "utf8")) as ControlAddress;
  return { client: new ControlClient(address), endpoint, address };
}

function summary(name: string): DocumentSummary {
  return { name, generation: "g", seq: 1, snapshotBytes: 0, recordCount: 1, recordBytes: 2, quarantinedCount: 0 };
}

test("names, summaries and updates arrive as they were sent", async () => {
  const updates = [Uint8Array.of(1, 2), new Uint8Array(), new Uint8Array(200_000).fill(7), new Uint8Array(128)];
  const imported: unknown[] = [];
  const { client } = await connected({
    async *list() {
      for (let i = 0; i < 5_000; i++) yield summary(`document ${i}`);
    },
    import: async (...args) => {
      imported.push(...args);
      return { byteCount: 3, refused: ["update 2: why"], leftoverBytes: 0 };
    },
  });
  let count = 0;
  for await (const listed of client.list()) expect(listed).toEqual(summary(`document ${count++}`));
  expect(count).toBe(5_000);
  const report = await client.import("\ufeffa/b?c=d&\u{1f600}", updates, { replace: true });
  expect(report).toEqual({ byteCount: 3, refused: ["update 2: why"], leftoverBytes: 0 });
  expect(imported).toEqual(["\ufeffa/b?c=d&\u{1f600}", updates, { replace: true }]);
});

test("what the server throws is thrown here, before an answer has begun and after", async () => {
  const { client } = await connected({
    async *list() {
      yield summary("first");
      throw new SynclineError("data-corrupt", "the second is damaged");
    },
    check: async () => Promise.reject(new WorkerError("timeout", "took too long")),
    inspect: async () => Promise.reject(new Error("a bug")),
  });
  const listed: string[] = [];
  const list = async () => {
    for await (const { name } of client.list()) listed.push(name);
  };
  await expect(list()).rejects.toEqual(new SynclineError("data-corrupt", "the second is damaged"));
  expect(listed).toEqual(["first"]);
  await expect(client.check("a")).rejects.toMatchObject({ name: "WorkerError", code: "timeout" });
  await expect(client.inspect("a")).rejects.toMatchObject({ code: "internal", message: "the server failed: a bug" });
});

test("a list nobody reads on is not read on from the store", async () => {
  let isStopped: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (isStopped = resolve));
  const { client } = await connected({
    async *list() {
      try {
        for (let i = 0; ; i++) yield summary(`document ${i}`);
      } finally {
        isStopped();
      }
    },
  });
  for await (const { name } of client.list()) if (name === "document 3") break;
  await stopped;
});

test("a backup whose asker has gone ends", async () => {
  const thrown: unknown[] = [];
  const steps = new EventTarget();
  const { client } = await connected({
    backUp: async (_directory, onProgress) => {
      try {
        for (let entryCount = 1; ; entryCount++) {
          onProgress?.({ entryCount, byteCount: 0 });
          await once(steps, "step");
        }
      } catch (error) {
        thrown.push(error);
        steps.dispatchEvent(new Event("ended"));
        throw error;
      }
    },
  });
  const ended = once(steps, "ended");
  const first = client.backUp("/somewhere", () => {
    throw new Error("interrupted");
  });
  await expect(first).rejects.toThrow("interrupted");
  const ticking = setInterval(() => steps.dispatchEvent(new Event("step")), 1);
  onTestFinished(() => clearInterval(ticking));
  await ended;
  expect(thrown).toEqual([expect.objectContaining({ code: "closed" })]);
});

test("a server that closes ends what is asked of it, and its file goes", async () => {
  const { client, endpoint, address } = await connected({ export: () => new Promise(() => undefined) });
  expect(await client.isThere()).toBe(true);
  const asked = client.export("a");
  const outcome = expect(asked).rejects.toMatchObject({ code: "closed" });
  // Once another question is answered, the first has arrived.
  await expect(client.inspect("")).rejects.toMatchObject({ code: "invalid-option" });
  await endpoint?.close();
  await outcome;
  expect(await new ControlClient(address).isThere()).toBe(false);
});

test("what is revoked arrives as it was said, and nothing else is taken for it", async () => {
  const { client } = await connected({});
  expect(await client.revoke({ subject: "alice", documentName: "plan" })).toBe(2);
  expect(await client.revoke({ subject: "alice", documentName: undefined })).toBe(1);
  for (const wrong of [{ sub: "alice" }, { subject: 7 }, { subject: "alice", docs: "plan" }]) {
    await expect(client.revoke(wrong as Revoked)).rejects.toThrow(
      /what is revoked is a subject, a tokenId, a documentName/,
    );
  }
});
