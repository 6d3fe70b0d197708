/** A client as an editor is one: a real Y.Doc that applies what comes, over ws, answering with y-protocols. */
import * as decoding from "lib0/decoding";
import * as encoding from "lib0/encoding";
import { WebSocket } from "ws";
import { messageYjsSyncStep2, readSyncMessage, writeSyncStep1 } from "y-protocols/sync";
import * as Y from "yjs";
import { syncMessage } from "../client/sync-messages.mjs";
import { textName } from "./histories.mjs";

/**
 * Opens a document; resolves when the server has said that it is synced and the text is there, or at the limit.
 *
 * @param {{ server: { port: number, peer: import("../server/peers.mjs").Peer }, name: string, text: string, limitMs: number }} options
 * @returns {Promise<{ elapsedMs: number, found: string }>} `elapsedMs` from before connecting to after applying
 */
export function openWithDoc({ server, name, text, limitMs }) {
  const { dialect } = server.peer;
  const prefix = dialect.prefix(name);
  const doc = new Y.Doc();
  const content = doc.getText(textName);
  const startMs = performance.now();
  const socket = new WebSocket(`ws://127.0.0.1:${server.port}${dialect.path(name)}`, { perMessageDeflate: false });
  let isSynced = false;
  return new Promise((resolve, reject) => {
    const finish = () => {
      const elapsedMs = performance.now() - startMs;
      clearTimeout(limit);
      socket.terminate();
      resolve({ elapsedMs, found: content.toString() });
    };
    const limit = setTimeout(finish, limitMs);
    socket.on("error", reject);
    socket.on("open", () => {
      const greeting = dialect.greetingMessage(name);
      if (greeting) socket.send(greeting);
      socket.send(syncReply(prefix, (encoder) => writeSyncStep1(encoder, doc)));
    });
    socket.on("message", (/** @type {Buffer} */ data) => {
      const decoder = decoding.createDecoder(new Uint8Array(data));
      decoding.readUint8Array(decoder, prefix.length);
      if (dialect.kindOf(decoding.readVarUint(decoder)) !== "sync") return;
      const reply = syncReply(prefix, (encoder) => {
        if (readSyncMessage(decoder, encoder, doc, "server") === messageYjsSyncStep2) isSynced = true;
      });
      if (reply.length > prefix.length + 1) socket.send(reply);
      if (isSynced && content.length === text.length) finish();
    });
  });
}

/** @type {(prefix: Uint8Array, write: (encoder: encoding.Encoder) => void) => Uint8Array} */
function syncReply(prefix, write) {
  const encoder = encoding.createEncoder();
  encoding.writeUint8Array(encoder, prefix);
  encoding.writeVarUint(encoder, syncMessage);
  write(encoder);
  return encoding.toUint8Array(encoder);
}
