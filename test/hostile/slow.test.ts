/** Who takes as long as it likes for the first words: the server does not. */
import { dropped, type Answer } from "./answers.js";
import type { Arena } from "./arena.js";
import { family, type HostileCase } from "./case.js";
import { RawSocket } from "./raw-socket.js";

/** Of how many sockets, each of which says what `begin` does; all are ended by the server, in time. */
function dawdles(...beginnings: readonly ((socket: RawSocket) => void)[]) {
  return async (arena: Arena): Promise<Answer> => {
    const sockets = await Promise.all(Array.from({ length: 300 }, () => RawSocket.open(arena)));
    sockets.forEach((socket, index) => beginnings[index % beginnings.length]?.(socket));
    await Promise.all(sockets.map((socket) => socket.ended));
    return dropped;
  };
}

const cases: HostileCase[] = [
  {
    name: "300 connections that say nothing, half a request line, or a header at a time",
    attack: dawdles(
      () => undefined,
      (socket) => socket.send("GET /att"),
      (socket) => socket.drips("GET /attacked HTTP/1.1\r\nHost: syncline.test\r\n", "A: b\r\n"),
    ),
    answer: dropped,
  },
];

family("Connections that take their time", cases);
