/** How many may have a document open, and how large it may become: who is above is told what, and what is still possible. */
import { closeCodes } from "@syncline/protocol";
import { MemoryStorage, startServer, type ServerOptions } from "@syncline/server";
import { expect, onTestFinished, test } from "vitest";
import * as Y from "yjs";
import { buildUpdate, contents } from "../fixtures/update-builder.js";
import { stockClient, synced, textOnServer } from "../support/clients.js";
import { closeCode } from "../support/faulty-server.js";
import { Speaker } from "../support/speaker.js";

async function serve(limits: NonNullable<ServerOptions["limits"]>) {
  const server = await startServer({ port: 0, data: new MemoryStorage(), limits });
  onTestFinished(() => server.close());
  return server;
}

test("one member too many is refused with 4529 in both dialects, and let in when one has left", async () => {
  const { url } = await serve({ maxMembersPerRoom: 2 });
  const first = stockClient(url, "small");
  const second = await Speaker.open(url, "small");
  await Promise.all([synced(first), second.hears("opened")]);
  const third = await Speaker.open(url, "small");
  expect(await third.hears("refused")).toMatchObject({
    code: closeCodes.rateLimited,
    reason: "2 clients have this document open, and no more may; come back when some have left",
  });
  const metrics = await (await fetch(`${url.replace(/^ws/, "http")}/metrics`)).text();
  expect(metrics).toMatch(/^syncline_refusals_total\{kind="capacity"\} 1$/m);
  // Who is in opens it anew: nobody more is there for that.
  second.say({
    type: "open",
    requestId: 2,
    documentName: "small",
    token: "",
    clientId: 7,
    generation: "",
    have: { kind: "state-vector", stateVector: Uint8Array.of(0) },
  });
  await second.hears("opened", ({ requestId }) => requestId === 2);
  const stock = stockClient(url, "small");
  onTestFinished(() => stock.destroy());
  expect(await closeCode(stock)).toBe(closeCodes.rateLimited);
  first.destroy();
  // It comes back by itself.
  await synced(stock);
});

test("a document that is as large as it may be takes deletions, and edits again when they have made it smaller", async () => {
  const { url } = await serve({ maxRoomBytes: 20_000, compactAboveBytes: 10_000, unloadAfterMs: 0 });
  const author = await Speaker.open(url, "large", { clientId: 9 });
  const { room } = await author.hears("opened");
  const text = (clock: number, length: number) =>
    buildUpdate([
      {
        client: 9,
        clock,
        structs: [
          {
            content: contents.string("x".repeat(length)),
            ...(clock === 0 ? { parent: "text" } : { origin: { client: 9, clock: clock - 1 } }),
          },
        ],
      },
    ]);
  let n = 0;
  const say = (update: Uint8Array) => author.say({ type: "update", room, n: ++n, update });
  const answerTo = (number: number) =>
    Promise.race([
      author.hears("ack", (ack) => ack.n >= number && ack.level === 2),
      author.hears("reject", (reject) => reject.n === number),
    ]);
  say(text(0, 25_000));
  expect(await answerTo(1)).toMatchObject({ type: "ack" });
  // Until it is compacted nobody knows how large it is.
  let clock = 25_000;
  await expect
    .poll(async () => {
      say(text(clock, 1));
      const answer = await answerTo(n);
      if (answer.type === "ack") clock += 1;
      return answer;
    })
    .toMatchObject({ type: "reject", code: closeCodes.tooLarge, reason: /20000 bytes.*can be deleted, nothing added/ });
  say(buildUpdate([], [{ client: 9, ranges: [{ clock: 0, length: 20_000 }] }]));
  expect(await answerTo(n)).toMatchObject({ type: "ack" });
  await expect
    .poll(async () => {
      say(text(clock, 1));
      return answerTo(n);
    })
    .toMatchObject({ type: "ack" });
  expect((await textOnServer(url, "large")).length).toBe(clock + 1 - 20_000);
});

test("an update of more structs than may be is rejected with 4413, and its author goes on", async () => {
  const { url } = await serve({ maxStructsPerUpdate: 100, maxDeletionsPerUpdate: 50 });
  const author = await Speaker.open(url, "parts", { clientId: 9 });
  const { room } = await author.hears("opened");
  const doc = new Y.Doc();
  doc.transact(() => {
    for (let index = 0; index < 101; index++) doc.getMap("map").set(`key ${index}`, index);
  });
  author.say({ type: "update", room, n: 1, update: Y.encodeStateAsUpdate(doc) });
  expect(await author.hears("reject")).toMatchObject({
    n: 1,
    code: closeCodes.tooLarge,
    reason: "an update was refused: an update has more than 100 structs; it has to be sent in parts",
  });
  const ranges = Array.from({ length: 51 }, (_, index) => ({ clock: index * 2, length: 1 }));
  author.say({ type: "update", room, n: 2, update: buildUpdate([], [{ client: 8, ranges }]) });
  expect(await author.hears("reject", ({ n }) => n === 2)).toMatchObject({ code: closeCodes.tooLarge });
  author.say({
    type: "update",
    room,
    n: 3,
    update: buildUpdate([{ client: 9, clock: 0, structs: [{ content: contents.string("ok"), parent: "text" }] }]),
  });
  expect(await author.hears("ack", ({ n, level }) => n === 3 && level === 2)).toMatchObject({ clock: 2 });
});
