/**
 * A client of the server's own, before there are others: in an engine of its own, whose store is memory, it opens a document and
 * goes. What runs for the first time is compiled then; the first client after a restart would wait for that.
 * Nothing of it is seen, counted or logged.
 */
import { encodeYWebsocketMessage } from "@syncline/protocol";
import { frameBinary } from "./adapters/frame.js";
import { connect } from "./connection/connect.js";
import { nobodyKnown, type Transport } from "./connection/transport.js";
import { Engine, type EngineOptions } from "./engine.js";
import { silentLogger } from "./logger.js";
import { MemoryStorage } from "./storage/memory.js";
import { systemTimers } from "./timers.js";
import { Contents } from "./update/contents.js";
import { WorkerPool } from "./worker/worker-pool.js";

const documentName = "rehearsal";

/** Resolves when the client was sent the document, or was refused it. */
export async function rehearse({ limits, relay }: Pick<EngineOptions, "limits" | "relay">): Promise<void> {
  const storage = new MemoryStorage();
  const snapshot = { coveredSeq: 1, segments: [Uint8Array.of(0, 0)], contents: new Contents().encode() };
  await storage.createDocument(documentName, "generation", { snapshot });
  // Whatever clock the server was given: one that stands still would never get to the end.
  const timers = systemTimers;
  const engine = new Engine({ storage, workers: new WorkerPool(), limits, relay, timers, logger: silentLogger });
  await openDocument(engine);
  await engine.close();
}

function openDocument(engine: Engine): Promise<void> {
  return new Promise((resolve) => {
    const services = engine.connectionServices(frameBinary);
    const transport = new OwnTransport(services.wires.yWebsocket.synced(0, 0), resolve);
    const connection = connect(transport, `/${documentName}`, services);
    connection.receive(encodeYWebsocketMessage({ type: "sync-step-1", stateVector: Uint8Array.of(0) }));
  });
}

/** Carries nothing anywhere. Over when it is given `last`, or closed. */
class OwnTransport implements Transport {
  readonly peer = nobodyKnown;
  readonly unsentBytes = 0;
  readonly lastHeardMs = 0;
  readonly lastSentMs = 0;
  readonly #last: Uint8Array | undefined;
  readonly #isOver: () => void;

  constructor(last: Uint8Array | undefined, isOver: () => void) {
    this.#last = last;
    this.#isOver = isOver;
  }

  send(frames: Uint8Array): void {
    if (frames === this.#last) this.#isOver();
  }

  close(): void {
    this.#isOver();
  }

  terminate(): void {
    this.#isOver();
  }

  drained(): Promise<void> {
    return Promise.resolve();
  }

  holdReading(): () => void {
    return () => undefined;
  }

  welcomed(): void {}

  ping(): void {}
}
