/**
 * A client of the syncline dialect that only writes, and is told what is on disk: the y-websocket dialect has no acknowledgements.
 * docs/PROTOCOL.md is the specification. Over ws: it is for rates at which that does not matter.
 */
import { access, ackLevel, decodeFrame, encodeFrame, protocolVersion } from "@syncline/protocol";
import { WebSocket } from "ws";

/** @typedef {import("@syncline/protocol").Message} Message */

export class AcknowledgedWriter {
  /** How many of its updates are on disk: all up to this one. */
  acknowledgedCount = 0;
  /** Why the socket is gone, if it is. @type {string | undefined} */
  closedBecause;
  /** Resolves when the document is open. */
  ready;
  #socket;
  #room = 0;
  #sentCount = 0;
  /** @type {(reason?: Error) => void} */
  #settle = () => undefined;

  /** @param {{ port: number, name: string, clientID: number }} options `clientID` is the author's, of Yjs. */
  constructor({ port, name, clientID }) {
    this.ready = new Promise((resolve, reject) => {
      this.#settle = (reason) => (reason ? reject(reason) : resolve(undefined));
    });
    this.ready.catch(() => undefined);
    const socket = (this.#socket = new WebSocket(`ws://127.0.0.1:${port}/.syncline/v1`, { perMessageDeflate: false }));
    const have = /** @type {const} */ ({ kind: "state-vector", stateVector: Uint8Array.of(0) });
    socket.on("open", () =>
      this.#say(
        { type: "hello", version: protocolVersion, token: "", client: "bench" },
        { type: "open", requestId: 1, documentName: name, token: "", clientId: clientID, generation: "", have },
      ),
    );
    socket.on("message", (/** @type {Buffer} */ frame) =>
      decodeFrame(frame).forEach((message) => this.#heard(message)),
    );
    socket.on("error", () => undefined);
    socket.on("close", () => this.#gone("the server closed the connection"));
  }

  /** @param {Uint8Array} update */
  write(update) {
    this.#sentCount += 1;
    this.#say({ type: "update", room: this.#room, n: this.#sentCount, update });
  }

  leave() {
    this.#socket.terminate();
  }

  /** @param {Message} message */
  #heard(message) {
    if (message.type === "opened") {
      if (message.access !== access.write) this.#gone("may not write");
      this.#room = message.room;
      this.#settle();
    } else if (message.type === "ack" && message.level === ackLevel.durable) this.acknowledgedCount = message.n;
    else if (message.type === "ping") this.#say({ type: "pong", n: message.n });
    else if (message.type === "refused" || message.type === "reject" || message.type === "close")
      this.#gone(`${message.type}: ${message.code} ${message.reason}`);
  }

  /** @param {Message[]} messages */
  #say(...messages) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(encodeFrame(messages));
  }

  /** @param {string} reason */
  #gone(reason) {
    this.closedBecause ??= reason;
    this.#settle(new Error(reason));
  }
}
