/** A full disk for real: a file system of some megabytes, a server in a process of its own, space taken and given back. */
import { spawnSync } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { stockClient, synced, synclineClient, textOnServer, until } from "../support/clients.js";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";
import { hasAccess } from "../support/faulty-server.js";

/** A directory that takes `megabytes`, no more; `undefined` where this user may not mount one. */
async function smallDisk(megabytes: number): Promise<string | undefined> {
  const directory = await tempDirectory();
  const mounted = spawnSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", directory]);
  if (mounted.status !== 0) return undefined;
  onTestFinished(() => void spawnSync("umount", ["--lazy", directory]));
  return directory;
}

/** Takes all the space that is left. */
async function fill(directory: string): Promise<() => Promise<void>> {
  const file = join(directory, "filler");
  for (const size of [1024 * 1024, 64 * 1024, 4096]) {
    try {
      for (;;) await writeFile(file, new Uint8Array(size), { flag: "a" });
    } catch (thrown) {
      if ((thrown as NodeJS.ErrnoException).code !== "ENOSPC") throw thrown;
    }
  }
  return () => rm(file);
}

test("a server whose disk is full says so, lets people read, and saves everything once there is space; kill -9 loses nothing", async (context) => {
  const disk = await smallDisk(8);
  if (disk === undefined) {
    console.warn("This user may not mount a file system: a full disk is NOT tested for real.");
    return context.skip();
  }
  const data = join(disk, "data");
  const before = await startServerProcess(data);
  for (const name of ["d", "unopened"]) {
    const { text, provider, destroy } = synclineClient(before.url, name);
    text.insert(0, "before. ");
    await provider.whenDurable();
    destroy();
  }
  await before.stop("SIGTERM");
  const server = await startServerProcess(data);
  const author = synclineClient(server.url, "d");
  await synced(author);

  const free = await fill(disk);
  author.text.insert(8, "x".repeat(20_000));
  expect((await hasAccess(author, "read")).reason).toMatch(/disk is full/);
  author.text.insert(0, "typed while it was full. ");
  // It has tried again, and had its store opened anew before that.
  await vi.waitFor(() => expect(server.output()).toMatch(/"failedCommitCount":3/), { timeout: 10_000, interval: 20 });
  const reader = synclineClient(server.url, "d");
  expect((await hasAccess(reader, "read")).reason).toMatch(/disk is full/);
  await until(reader.doc, () => reader.text.toString() === "before. ");
  expect((await fetch(`http://127.0.0.1:${server.port}/ready`)).status).toBe(503);
  expect(await textOnServer(server.url, "unopened")).toBe("before. ");
  expect(author.provider.saveState.durable).toBe(0);

  await free();
  await author.provider.whenDurable();
  expect(await hasAccess(author, "write")).toEqual({ level: "write", reason: "" });
  await until(reader.doc, () => reader.text.length === author.text.length);
  await server.stop("SIGKILL");
  author.provider.disconnect();

  const again = await startServerProcess(data);
  const returned = stockClient(again.url, "d");
  await until(returned.doc, () => returned.text.length > 0);
  expect(returned.text.toString() === author.text.toString()).toBe(true);
  expect(await textOnServer(again.url, "unopened")).toBe("before. ");
});

test("a server that is told to stop while its disk is full stops, and has everything it acknowledged", async (context) => {
  const disk = await smallDisk(8);
  if (disk === undefined) return context.skip();
  const data = join(disk, "data");
  const server = await startServerProcess(data);
  const author = synclineClient(server.url, "d");
  await synced(author);
  author.text.insert(0, "kept");
  await author.provider.whenDurable();
  const free = await fill(disk);
  author.text.insert(4, "x".repeat(20_000));
  await hasAccess(author, "read");
  expect([await server.stop("SIGTERM"), server.output()]).toEqual([0, expect.not.stringContaining("stopping at once")]);
  expect(author.provider.saveState.durable).toBe(1);
  await free();
  author.provider.disconnect();
  const again = await startServerProcess(data);
  expect(await textOnServer(again.url, "d")).toBe("kept");
});
