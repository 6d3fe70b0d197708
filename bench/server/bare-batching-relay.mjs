/**
 * The floor with batching: as bare-relay.mjs, but what a room gets in one turn of the event loop goes out as one write per member.
 * Frames are built once; a member that sent something in the turn gets the others' without its own.
 */
import { WebSocketServer } from "ws";
import { serverFrame } from "../client/frames.mjs";

/** @typedef {{ members: Set<import("node:stream").Duplex>, frames: Buffer[], senders: import("node:stream").Duplex[] }} Room */

/** @type {Map<string, Room>} */
const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, backlog: 4096 });

server.on("connection", (socket, request) => {
  const path = request.url ?? "/";
  const member = request.socket;
  const room = rooms.get(path) ?? { members: new Set(), frames: [], senders: [] };
  rooms.set(path, room);
  room.members.add(member);
  socket.on("message", (/** @type {Buffer} */ data) => {
    if (room.frames.length === 0) setImmediate(flush, room);
    room.frames.push(serverFrame(data));
    room.senders.push(member);
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    room.members.delete(member);
    if (room.members.size === 0) rooms.delete(path);
  });
});

/** @param {Room} room */
function flush(room) {
  const { frames, senders } = room;
  room.frames = [];
  room.senders = [];
  const authors = new Set(senders);
  const all = frames.length === 1 ? frames[0] : Buffer.concat(frames);
  for (const member of room.members) {
    if (!authors.has(member)) {
      member.write(all);
      continue;
    }
    const others = frames.filter((_, index) => senders[index] !== member);
    if (others.length > 0) member.write(Buffer.concat(others));
  }
}

server.on("listening", () => {
  const address = server.address();
  if (address && typeof address === "object") console.log(`listening on ws://127.0.0.1:${address.port}`);
});
