/** Sockets that say nothing, and requests that never end: the half-open go, and who works beside them does not notice. */
import { connect, type Socket } from "node:net";
import { MemoryStorage, startServer } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import { stockClient, synced, synclineClient, until } from "../support/clients.js";
import { silentSocketSettings } from "./settings.js";

const settings = silentSocketSettings(process.env);

/** Headers may take 10 s, and node looks every second; the rest is for a machine that is busy. */
const goneAfterMs = 12_000;

test(`${settings.silentCount} silent sockets and ${settings.trickleCount} trickling requests are gone after 12 s, and nobody else is`, async () => {
  const server = await startServer({ port: 0, data: new MemoryStorage() });
  onTestFinished(() => server.close());
  const [author, reader] = [synclineClient(server.url, "work"), stockClient(server.url, "work")];
  await Promise.all([synced(author), synced(reader)]);

  const sockets = await dial(server.port, settings.silentCount + settings.trickleCount);
  const begunAtMs = performance.now();
  const trickling = sockets.slice(settings.silentCount);
  for (const socket of trickling) socket.write("GET /work HTTP/1.1\r\n");

  const delays: number[] = [];
  while (sockets.some(({ closed }) => !closed) && performance.now() - begunAtMs < 2 * goneAfterMs) {
    for (const socket of trickling) if (socket.writable) socket.write("X-More: 1\r\n");
    const mark = `${delays.length};`;
    const sentAtMs = performance.now();
    author.text.insert(0, mark);
    await until(reader.doc, () => reader.text.toString().startsWith(mark));
    delays.push(performance.now() - sentAtMs);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  report(performance.now() - begunAtMs, delays);
  expect(sockets.filter(({ closed }) => !closed)).toHaveLength(0);
  expect(delays.length).toBeGreaterThan(10);
}, 120_000);

async function dial(port: number, count: number): Promise<Socket[]> {
  const sockets: Socket[] = [];
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  while (sockets.length < count) {
    const batch = Array.from({ length: Math.min(200, count - sockets.length) }, () => connect(port, "127.0.0.1"));
    sockets.push(...batch);
    await Promise.all(
      batch.map(
        (socket) => new Promise((resolve) => void socket.on("error", resolve).resume().once("connect", resolve)),
      ),
    );
  }
  return sockets;
}

function report(ms: number, delays: readonly number[]): void {
  const ascending = [...delays].sort((a, b) => a - b);
  const p99 = ascending[Math.floor(ascending.length * 0.99)] ?? 0;
  console.log(
    `half-open sockets gone after ${(ms / 1000).toFixed(1)} s; edits of others: ${delays.length}, p99 ${p99.toFixed(1)} ms`,
  );
}
