/** What somebody may do to one room, again and again: paste much, send what takes Yjs for ever, ask without end. */
import { setTimeout as pause } from "node:timers/promises";
import * as encoding from "lib0/encoding";
import * as Y from "yjs";
import { LightClient } from "../client/light-client.mjs";
import { masked } from "../client/masked-frame.mjs";
import { pasting } from "./pasting.mjs";

/** @typedef {{ port: number, peer: import("../server/peers.mjs").Peer }} Server */

/**
 * @typedef {object} Disturbance
 * @property {number} everyMs From the start of one to the start of the next, at least.
 * @property {(index: number) => Promise<boolean>} disturb Once; false when it has nothing more to send.
 * @property {(count: number) => Promise<string | undefined>} wrong What is wrong after so many of them.
 */

const answerLimitMs = 5_000;
const attackEveryMs = 100;

/** By what the settings speak of. @param {Readonly<Record<string, number>>} settings @param {Server} server @returns {Promise<Disturbance>} */
export async function disturbanceOf(settings, server) {
  const { pasteBytes, costlyStructs, askCount } = settings;
  if (pasteBytes > 0) return pasting(settings, server);
  if (costlyStructs > 0) return costly(costlyStructs, server);
  if (askCount > 0) return asking(askCount, server);
  throw new Error("no disturbance");
}

/** Letters of one client, all at the same place of another's: each is compared with all before it. @type {(structCount: number, server: Server) => Disturbance} */
function costly(structCount, server) {
  const encoder = encoding.createEncoder();
  for (const number of [2, structCount, 2, 0]) encoding.writeVarUint(encoder, number);
  for (let index = 0; index < structCount; index += 1) {
    // A string with an origin: the one letter of the other client.
    for (const byte of [0x84, 1, 0, 1, 97]) encoding.write(encoder, byte);
  }
  for (const number of [1, 1, 0]) encoding.writeVarUint(encoder, number);
  for (const byte of [4, 1, 1, 116, 1, 97]) encoding.write(encoder, byte);
  encoding.writeVarUint(encoder, 0);
  const update = encoding.toUint8Array(encoder);
  return attack(async (index) => {
    const name = `costly-${index}`;
    const client = await joined(server, name);
    client.send(masked(server.peer.dialect.updateFrame(name, update)));
    await answered(client);
  });
}

/** Somebody with a part of a document asks again and again for the rest. @type {(askCount: number, server: Server) => Disturbance} */
function asking(askCount, server) {
  const { dialect } = server.peer;
  const name = "asked";
  const doc = new Y.Doc();
  /** @type {Buffer[]} */
  const edits = [];
  doc.on("update", (update) => edits.push(dialect.updateFrame(name, update)));
  for (let index = 0; index < 60; index += 1) doc.getText("text").insert(0, `${index} `.repeat(3_000));
  const partly = encoding.encode((encoder) => {
    for (const number of [1, doc.clientID, 100]) encoding.writeVarUint(encoder, number);
  });
  const questions = Buffer.concat(Array.from({ length: askCount }, () => dialect.step1Frame(name, partly)));
  return attack(async (index) => {
    const client = await joined(server, name);
    if (index === 0) client.send(Buffer.concat(edits));
    client.send(questions);
    await answered(client);
  });
}

/** What is refused, or ends with its client, leaves nothing to compare. @type {(once: (index: number) => Promise<void>) => Disturbance} */
function attack(once) {
  const disturb = async (/** @type {number} */ index) => {
    await once(index);
    return true;
  };
  return { everyMs: attackEveryMs, disturb, wrong: async () => undefined };
}

/** Who is refused at the door, after what they have sent before, costs the server no less than that. @param {Server} server @param {string} name */
async function joined({ port, peer }, name) {
  const client = new LightClient({ port, name, peer });
  await client.ready.catch(() => undefined);
  return client;
}

/** Resolves when the server has read everything, has closed the socket, or takes too long. @param {LightClient} client */
async function answered(client) {
  const read = client.barrier().catch(() => undefined);
  await Promise.race([read, pause(answerLimitMs)]);
  client.leave();
}
