/** Somebody who may write and means harm: opens a document like anybody else, then says whatever it is given to say. */
import { decodeFrame, encodeFrame, protocolVersion, synclinePath, type Message } from "@syncline/protocol";
import type { Line } from "./line.js";
import type { FuzzServer } from "./server.js";

export class HostileMember {
  readonly #documentName: string;
  #line: Line | undefined;
  #room: number | undefined;
  #lastN = 0;
  /** What the server last said against it. */
  answer = "";

  constructor(documentName: string) {
    this.#documentName = documentName;
  }

  get isMember(): boolean {
    return this.#line?.isGone === false && this.#room !== undefined;
  }

  open(server: FuzzServer): void {
    this.#room = undefined;
    this.#lastN = 0;
    const line = server.connect(synclinePath, {
      received: (frame) => {
        for (const message of decodeFrame(frame)) this.#handle(message);
      },
      closed: (code, reason) => (this.answer = `${code} ${reason}`),
    });
    this.#line = line;
    this.#say({ type: "hello", version: protocolVersion, token: "hostile", client: "hostile" });
    const have = { kind: "state-vector", stateVector: Uint8Array.of(0) } as const;
    const documentName = this.#documentName;
    this.#say({ type: "open", requestId: 1, documentName, token: "", clientId: 0, generation: "", have });
  }

  update(update: Uint8Array): void {
    this.answer = "nothing";
    if (this.#room !== undefined) this.#say({ type: "update", room: this.#room, n: ++this.#lastN, update });
  }

  announce(update: Uint8Array): void {
    if (this.#room !== undefined) this.#say({ type: "awareness", room: this.#room, update });
  }

  leave(): void {
    this.#line?.hangUp();
    this.#room = undefined;
  }

  #say(message: Message): void {
    this.#line?.say(encodeFrame([message]));
  }

  #handle(message: Message): void {
    if (message.type === "opened") {
      if (this.#room !== undefined) this.answer = "asked for what is missing";
      this.#room = message.room;
    } else if (message.type === "ack") this.answer = "kept";
    else if (message.type === "ping") this.#say({ type: "pong", n: message.n });
    else if (message.type === "close" || message.type === "refused" || message.type === "reject") {
      this.answer = `${message.type} ${message.code} ${message.reason}`;
      if (message.type !== "reject") this.leave();
    }
  }
}
