/** Server-sent events out of a stream of bytes: as much of the format as Syncline's server writes, and comments. */

export interface StreamEvent {
  /** `"message"` unless the event says otherwise. */
  readonly type: string;
  readonly id: string;
  readonly data: string;
}

export class EventReader {
  readonly #decoder = new TextDecoder();
  /** The beginning of a line whose end has not arrived. */
  #rest = "";
  #fields: Record<string, string> = {};

  /** The events that are complete with `bytes`. */
  read(bytes: Uint8Array): StreamEvent[] {
    const events: StreamEvent[] = [];
    const lines = this.#decoder.decode(bytes, { stream: true }).split("\n");
    const last = lines.pop() ?? "";
    for (const line of lines) {
      const event = this.#readLine(this.#rest + line);
      this.#rest = "";
      if (event) events.push(event);
    }
    this.#rest += last;
    return events;
  }

  #readLine(line: string): StreamEvent | undefined {
    if (line) {
      // A comment is a field without a name.
      const colon = line.indexOf(":");
      this.#fields[line.slice(0, colon)] = line.slice(colon + 1).trimStart();
      return undefined;
    }
    const { event: type = "message", id = "", data } = this.#fields;
    this.#fields = {};
    return data === undefined ? undefined : { type, id, data };
  }
}
