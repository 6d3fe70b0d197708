/** The server's numbers for Prometheus, read when they are asked for. */
import { Counter, Gauge, Registry } from "prom-client";
import { refusalKinds, type Refusals } from "../refusals.js";
import type { ServerStatus } from "./server-status.js";

const gauges: readonly (readonly [name: string, help: string, read: (status: ServerStatus) => number])[] = [
  ["syncline_connections", "Clients' sockets that are open, and sessions.", ({ connectionCount }) => connectionCount],
  [
    "syncline_http_sessions",
    "Of these, sessions over SSE and long polling, of clients that cannot have a WebSocket.",
    ({ httpSessionCount }) => httpSessionCount,
  ],
  ["syncline_rooms", "Documents in use.", ({ roomCount }) => roomCount],
  [
    "syncline_rooms_degraded",
    "Documents in use of which something was damaged and set aside.",
    ({ degradedRoomCount }) => degradedRoomCount,
  ],
  [
    "syncline_rooms_read_only",
    "Documents in use that take no edits because the store refuses writes.",
    ({ readOnlyRoomCount }) => readOnlyRoomCount,
  ],
  ["syncline_backlog_bytes", "Bytes admitted that are not on disk yet.", ({ backlogBytes }) => backlogBytes],
  ["syncline_store_healthy", "0 while the store refuses writes.", ({ isStoreHealthy }) => (isStoreHealthy ? 1 : 0)],
];

export class Metrics {
  readonly #registry = new Registry();
  readonly contentType: string = this.#registry.contentType;

  constructor(status: () => ServerStatus, refusals: Pick<Refusals, "countOf">) {
    for (const [name, help, read] of gauges) {
      const gauge: Gauge = new Gauge({
        name,
        help,
        registers: [this.#registry],
        collect: () => gauge.set(read(status())),
      });
    }
    const refused: Counter<"kind"> = new Counter({
      name: "syncline_refusals_total",
      help: "What was not done for a client, by the kind of reason.",
      labelNames: ["kind"],
      registers: [this.#registry],
      collect: () => {
        refused.reset();
        for (const kind of refusalKinds) refused.inc({ kind }, refusals.countOf(kind));
      },
    });
  }

  /** In Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }
}
