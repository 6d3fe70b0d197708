/** The floor: a ws server that knows no CRDT and no disk. What one client sends, all others of the same path get. */
import { WebSocketServer } from "ws";

/** @type {Map<string, Set<import("ws").WebSocket>>} */
const rooms = new Map();
const server = new WebSocketServer({ host: "127.0.0.1", port: 0, perMessageDeflate: false, backlog: 4096 });

server.on("connection", (socket, request) => {
  const path = request.url ?? "/";
  const room = rooms.get(path) ?? new Set();
  rooms.set(path, room.add(socket));
  socket.on("message", (data) => {
    for (const other of room) if (other !== socket) other.send(data);
  });
  socket.on("error", () => socket.terminate());
  socket.on("close", () => {
    room.delete(socket);
    if (room.size === 0) rooms.delete(path);
  });
});

server.on("listening", () => {
  const address = server.address();
  if (address && typeof address === "object") console.log(`listening on ws://127.0.0.1:${address.port}`);
});
