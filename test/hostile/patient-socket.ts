/**
 * A TCP socket that hears a server out that has hung up. Node destroys one at the first write that fails, and an answer that has
 * arrived and is not read yet goes with it: a server that does not read to the end what it refuses hangs up on who still writes.
 */
import { Socket } from "node:net";

export class PatientSocket extends Socket {
  /** The other end takes nothing any more. */
  hasFailedToWrite = false;

  override _write(chunk: unknown, encoding: BufferEncoding, done: () => void): void {
    super._write(chunk, encoding, (error) => this.#written(error, done));
  }

  override _writev(chunks: { chunk: unknown; encoding: BufferEncoding }[], done: () => void): void {
    super._writev?.(chunks, (error) => this.#written(error, done));
  }

  #written(error: Error | null | undefined, done: () => void): void {
    if (error) this.hasFailedToWrite = true;
    done();
  }
}
