/** What somebody has seen is on disk: the process is killed the moment a second client has an edit. */
import { expect, test } from "vitest";
import { stockClient, synced, synclineClient, textOnServer, until } from "../support/clients.js";
import { startServerProcess } from "../support/server-process.js";
import { tempDirectory } from "../support/temp-directory.js";

const cycles = 50;

for (const signal of ["SIGKILL", "SIGTERM"] as const) {
  test(`an edit that a second client has seen is there after ${signal}, ${cycles} of ${cycles} times`, async () => {
    const data = await tempDirectory();
    let seen = "";
    for (let cycle = 0; cycle < cycles; cycle++) {
      const server = await startServerProcess(data);
      const [author, reader] =
        cycle % 2 === 0
          ? [stockClient(server.url, "killed"), synclineClient(server.url, "killed")]
          : [synclineClient(server.url, "killed"), stockClient(server.url, "killed")];
      await Promise.all([synced(author), synced(reader)]);
      expect(author.text.toString()).toBe(seen);
      const edit = `[${cycle}]`;
      author.text.insert(author.text.length, edit);
      await until(reader.doc, () => reader.text.toString().endsWith(edit));
      const exitCode = await server.stop(signal);
      if (signal === "SIGTERM") expect(exitCode).toBe(0);
      seen = reader.text.toString();
      author.destroy();
      reader.destroy();
    }
    const server = await startServerProcess(data);
    expect(await textOnServer(server.url, "killed")).toBe(seen);
  });
}

test("an edit acknowledged as durable is there after SIGKILL, also when nobody else saw it", async () => {
  const data = await tempDirectory();
  let text = "";
  for (let cycle = 0; cycle < 10; cycle++) {
    const server = await startServerProcess(data);
    const author = synclineClient(server.url, "alone");
    await synced(author);
    expect(author.text.toString()).toBe(text);
    for (let edit = 0; edit < 20; edit++) author.text.insert(author.text.length, `${cycle}.${edit} `);
    await author.provider.whenDurable();
    await server.stop("SIGKILL");
    text = author.text.toString();
    author.destroy();
  }
  const server = await startServerProcess(data);
  expect(await textOnServer(server.url, "alone")).toBe(text);
});

test("clients come back by themselves after a restart on the same port, with what they typed meanwhile", async () => {
  const data = await tempDirectory();
  const first = await startServerProcess(data);
  const clients = [synclineClient(first.url, "restart"), stockClient(first.url, "restart")] as const;
  await Promise.all(clients.map(synced));
  clients[0].text.insert(0, "before ");
  await until(clients[1].doc, () => clients[1].text.toString() === "before ");
  await first.stop("SIGTERM");
  for (const client of clients) client.text.insert(client.text.length, "meanwhile ");
  const second = await startServerProcess(data, ["--port", String(first.port)]);
  const whole = "before meanwhile meanwhile ";
  await Promise.all(clients.map((client) => until(client.doc, () => client.text.toString() === whole)));
  await clients[0].provider.whenDurable();
  expect(await textOnServer(second.url, "restart")).toBe(whole);
});
